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

if ! find_chromium; then
	if [ "${1:-}" != --installed ]; then
		"$(dirname "$0")/apt-install.sh" Chromium chromium || true
	fi
	if ! find_chromium; then
		echo "Chromium is needed for the browser tests and could not be installed here." >&2
		echo "Install it (Debian: sudo apt-get install chromium; macOS: brew install --cask google-chrome), or set CHROMIUM to the path of one." >&2
		exit 1
	fi
fi
