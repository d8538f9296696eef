#!/usr/bin/env bash
# ./start.sh          builds Souk and runs it until it is stopped; the first time, with a demo shop
# ./start.sh --check  builds it, sells a file over HTTP in a temporary folder, refunds it, has somebody take a plan in a
#                     browser where there is one, and ends
#
# Settings come from the environment and .env (see .env.example). START_SKIP_SEED=true leaves the demo shop out,
# START_SKIP_FRONTEND=true the building of the pages: the API alone, for which no Node is needed.
set -euo pipefail
cd "$(dirname "$0")"

# setting NAME: its value in the environment, else in .env.
setting() {
	if [ -n "${!1+set}" ]; then
		echo "${!1}"
	elif [ -f .env ]; then
		sed -n -E "s/^[[:space:]]*(export[[:space:]]+)?$1[[:space:]]*=[[:space:]]*//p" .env | tail -n 1 | tr -d "\"'"
	fi
}

serve() {
	START_SKIP_FRONTEND=$(setting START_SKIP_FRONTEND) scripts/build.sh
	if [ "$(setting START_SKIP_SEED)" != true ]; then
		bin/souk seed --if-new
	fi
	exec bin/souk serve
}

# check starts the program on a free port in a temporary folder, without the settings of this one, and runs the README's
# walk against it.
check() {
	root=$PWD
	home=$(mktemp -d)
	server=
	trap finish EXIT
	scripts/build.sh "$home/bin/souk"
	sed -n '/^<!-- walk -->$/,/^```$/p' README.md | sed '/^<!--/d; /^```/d' >"$home/walk.sh"
	cd "$home"
	clean=(env -i "PATH=$PATH" "HOME=$home" "DATA_DIR=$home/data")
	"${clean[@]}" LISTEN_ADDR=127.0.0.1:0 bin/souk serve >out.log 2>err.log &
	server=$!
	url=
	for _ in $(seq 200); do
		url=$(sed -n 's/^Souk is open at \([^ ]*\) .*/\1/p' out.log)
		if [ -n "$url" ] || ! kill -0 "$server" 2>/dev/null; then break; fi
		sleep 0.05
	done
	if [ -z "$url" ]; then
		echo "check: the server did not start:" >&2
		cat err.log >&2
		exit 1
	fi
	if ! "${clean[@]}" "PUBLIC_URL=$url" "SHOP=$url" bash -euo pipefail walk.sh >walk.log 2>&1; then
		echo "check: the walk of README.md stopped here:" >&2
		tail -n 20 walk.log err.log >&2
		exit 1
	fi
	if ! cmp guide.md copy.md >&2; then
		echo "check: what was downloaded is not what was uploaded" >&2
		exit 1
	fi
	cat walk.log
	browse
	echo "check: a file was put up, bought, paid for and downloaded, byte for byte the same; then it was refunded, and refused."
}

# browse has somebody sign up and take a plan in the shop at $url, where there are a browser and what drives it.
browse() {
	local chromium
	if [ "${START_SKIP_FRONTEND:-}" = true ]; then
		echo "check: the pages were not tried in a browser: START_SKIP_FRONTEND leaves them out."
	elif [ ! -e "$root/frontend/node_modules/@playwright/test" ]; then
		echo "check: the pages were not tried in a browser: Playwright is not installed (scripts/frontend.sh --packages)."
	elif ! chromium=$("$root/scripts/chromium.sh" --installed 2>/dev/null); then
		echo "check: the pages were not tried in a browser: Chromium is not installed (scripts/chromium.sh installs it)."
	else
		"${clean[@]}" LISTEN_ADDR="${url#http://}" bin/souk seed >/dev/null
		if ! (cd "$root/frontend" && CHROMIUM=$chromium timeout 120 node e2e/check.mjs "$url"); then
			echo "check: nobody could sign up and take a plan in the browser; the shop's log ends so:" >&2
			tail -n 20 "$home/err.log" >&2
			exit 1
		fi
	fi
}

finish() {
	if [ -n "$server" ] && kill "$server" 2>/dev/null; then
		wait "$server" || true
	fi
	rm -rf "$home"
}

case "${1:-}" in
"") serve ;;
--check) check ;;
*)
	sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
