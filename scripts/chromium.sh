#!/usr/bin/env bash
# scripts/chromium.sh: prints the path of a Chromium or Chrome for the browser tests; installs Debian's where it may.
set -euo pipefail

find_chromium() {
	local name
	for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome-stable google-chrome \
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
		# Ubuntu's chromium-browser may be a script that asks for a snap: what cannot tell its version is none.
		if [ -n "$name" ] && command -v "$name" >/dev/null && "$name" --version >/dev/null 2>&1; then
			command -v "$name"
			return
		fi
	done
	return 1
}

install_chromium() {
	local sudo=
	[ "$(id -u)" = 0 ] || sudo="sudo -n"
	if command -v apt-get >/dev/null && $sudo true 2>/dev/null; then
		echo "Chromium is not installed: installing it with apt-get." >&2
		$sudo apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends chromium >&2
	fi
}

if ! find_chromium; then
	if [ "${1:-}" != --installed ]; then
		install_chromium || true
	fi
	if ! find_chromium; then
		echo "Chromium is needed for the browser tests and could not be installed here." >&2
		echo "Install it (Debian: sudo apt-get install chromium; macOS: brew install --cask google-chrome), or set CHROMIUM to the path of one." >&2
		exit 1
	fi
fi
