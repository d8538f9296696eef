#!/usr/bin/env bash
# ./test.sh          everything: gofmt, vet, lint, the pages' types, lint and unit tests, all tests on SQLite and on PostgreSQL (both
#                    exec modes), the race detector, the pages in Chromium, and start.sh --check. PostgreSQL 15 or newer is found or
#                    installed, and run in a temporary folder; SOUK_TEST_POSTGRES=postgres://… names a server to use instead.
# ./test.sh --quick  the tests on SQLite alone, the short ones
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=scripts/postgres.sh
source scripts/postgres.sh

# As scripts/build.sh compiles, so that nothing is compiled twice for the tests.
CGO_ENABLED=0
GOFLAGS="$(go env GOFLAGS) -trimpath"
export CGO_ENABLED GOFLAGS

passed=0 failed=0
notes=()
work=$(mktemp -d)

# report prints what ran, whatever ended the run; the last line is for machines.
report() {
	postgres_stop
	rm -rf "$work"
	echo
	for note in ${notes[@]+"${notes[@]}"}; do echo "$note"; done
	echo "$passed passed, $failed failed"
}
trap 'status=$?; [ $status = 0 ] || [ $failed != 0 ] || failed=1; report; exit $status' EXIT

# step NAME COMMAND…: one check, counted as one.
step() {
	local name=$1
	shift
	echo "== $name"
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		notes+=("FAILED: $name")
	fi
}

# tests NAME ENGINES ARGUMENTS…: go test, whose tests are counted one by one. ENGINES must have run.
tests() {
	local name=$1 engines=$2 p=0 f=0 s=0 ok=true
	shift 2
	echo "== $name"
	rm -f "$work/counts"
	go test -json "$@" 2>&1 | "$work/testreport" -counts "$work/counts" -require "$engines" | tee "$work/log" || ok=false
	read -r p f s <"$work/counts" || ok=false
	passed=$((passed + p))
	failed=$((failed + f))
	if ! $ok && [ "$f" = 0 ]; then failed=$((failed + 1)); fi
	$ok || notes+=("FAILED: $name")
	notes+=("$name: $p passed, $f failed, $s skipped")
	while read -r line; do notes+=("  $line"); done < <(grep -E '^(sqlite|postgres|postgres-exec|no database) +[0-9]+ passed|^skipped ' "$work/log")
}

# browser: Playwright's tests with the real program and Chromium, counted one by one.
browser() {
	local chromium p=0 f=1 s=0
	echo "== browser"
	if ! chromium=$(scripts/chromium.sh); then
		failed=$((failed + 1))
		notes+=("FAILED: browser: there is no Chromium")
		return
	fi
	(cd frontend && CI=true CHROMIUM=$chromium SOUK_BIN=$work/souk npx --no-install playwright test) 2>&1 | tee "$work/browser" || true
	read -r p f s < <(sed -n 's/^browser: \([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$work/browser") || true
	passed=$((passed + p))
	failed=$((failed + f))
	[ "$f" = 0 ] || notes+=("FAILED: browser")
	notes+=("browser: $p passed, $f failed, $s skipped, with $("$chromium" --version)")
	step "pages: what they load" env "CHROMIUM=$chromium" "SOUK_BIN=$work/souk" npm run --prefix frontend --silent budget -- --no-lighthouse
}

formatted() {
	local unformatted
	unformatted=$(find . -name node_modules -prune -o -name '*.go' -exec gofmt -l {} +)
	[ -z "$unformatted" ] || { echo "gofmt would change: $unformatted" && false; }
}

mode=${1:-}
case "$mode" in
"" | --quick) ;;
*)
	sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac

scripts/build.sh "$work/souk"
step "production build (-tags nodevcloud)" go build -tags nodevcloud -o /dev/null ./cmd/souk
go build -o "$work/testreport" ./scripts/testreport

step "pages: lint and types" npm run --prefix frontend --silent check
step "pages: unit tests" npm test --prefix frontend --silent
if [ "$mode" = --quick ]; then
	step gofmt formatted
	SOUK_TEST_POSTGRES='' tests "tests on SQLite (short)" sqlite -short ./...
	notes+=("not run (./test.sh runs it): PostgreSQL, S3, stripe-mock, go vet, lint, race detector, browser, start.sh --check")
	exit $((failed > 0))
fi

if [ -n "${SOUK_TEST_POSTGRES:-}" ]; then
	notes+=("PostgreSQL: the server of SOUK_TEST_POSTGRES")
else
	postgres_start_for_tests
	export SOUK_TEST_POSTGRES=$POSTGRES_URL
	notes+=("PostgreSQL: $POSTGRES_VERSION, started for this run")
fi

if [ -n "${SOUK_TEST_VERSITYGW:-}" ]; then
	notes+=("S3: the server program of SOUK_TEST_VERSITYGW")
elif scripts/versitygw.sh "$work/versitygw" >"$work/s3" 2>&1; then
	export SOUK_TEST_VERSITYGW=$work/versitygw
	notes+=("S3: versitygw, built for this run")
else
	notes+=("S3: versitygw cannot be built, its tests are skipped: $(tail -n 1 "$work/s3")")
fi

if [ -n "${SOUK_TEST_STRIPE_MOCK:-}" ]; then
	notes+=("Stripe: the server program of SOUK_TEST_STRIPE_MOCK")
elif scripts/stripe-mock.sh "$work/stripe-mock" >"$work/stripe" 2>&1; then
	export SOUK_TEST_STRIPE_MOCK=$work/stripe-mock
	notes+=("Stripe: stripe-mock, built for this run")
else
	notes+=("Stripe: stripe-mock cannot be built, its tests are skipped: $(tail -n 1 "$work/stripe")")
fi

# Svix's own library, for the tests that let it sign; Clerk's, which the stand-in for Clerk has to suit, and its types, by which answers are checked.
for packages in internal/inbox/testdata/svix-npm internal/app/testdata/clerk-npm internal/devcloud/fapi/testdata/types; do
	if ! command -v npm >/dev/null; then
		notes+=("$packages: not installed, there is no npm")
	elif ! npm ci --prefix "$packages" --ignore-scripts --prefer-offline --fetch-retries=1 --no-audit --no-fund >"$work/npm" 2>&1; then
		notes+=("$packages: not installed: $(grep -m1 "npm error" "$work/npm" || echo npm ci failed)")
	fi
done

step gofmt formatted
step "go vet" go vet ./...
if command -v golangci-lint >/dev/null; then
	step golangci-lint golangci-lint run
else
	notes+=("golangci-lint: skipped, it is not installed")
fi
# go vet has looked at everything; and tests wait now and then, so that three packages at once keep two cores busy.
tests "all tests" sqlite,postgres,postgres-exec -count=1 -timeout 20m -vet=off -p 3 ./...
if [ -n "$(command -v "$(go env CC)")" ]; then
	export CGO_ENABLED=1
	# SQLite is Go here, and an order of magnitude slower under the detector: what is above the two packages that speak with it
	# runs on PostgreSQL alone. What does one thing after the other has no races: pictures, pages for developers, and the tests of
	# cli, which start programs. Of the API's tests those run that do things at once.
	racing=$(go list ./internal/... | grep -vE '/(api|cli|cover|devcloud/(control|mailbox|page|sdk|store|stripe))$')
	at_once=$(awk '/^func /{name = $2; sub(/\(.*/, "", name)} /\t(atOnce|together)\(|[ (](atOnce|together)\(/ && name ~ /^Test/ {print name}' internal/api/*_test.go | sort -u | paste -sd "|")
	# shellcheck disable=SC2086 # one package a word
	tests "race detector" postgres -count=1 -short -race -vet=off -p 3 -timeout 20m -skip '/^sqlite$|//^sqlite$' $racing
	tests "race detector, the API" postgres -count=1 -short -race -vet=off -timeout 20m -run "^($at_once)\$" -skip '/^sqlite$|//^sqlite$' ./internal/api
	tests "race detector on SQLite" sqlite -count=1 -short -race -vet=off -timeout 20m -run '/^sqlite$' ./internal/db ./internal/jobs
	export CGO_ENABLED=0
else
	notes+=("race detector: skipped, it needs a C compiler ($(go env CC))")
fi
browser
step "start.sh --check" ./start.sh --check
exit $((failed > 0))
