#!/usr/bin/env bash
# Builds the pages into frontend/dist, and takes Clerk's scripts for the stand-in: with Node 20.19 or newer, npm, and the first
# time a network. Does nothing when nothing has changed. scripts/frontend.sh --packages only installs what the pages are built with.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v node >/dev/null || ! command -v npm >/dev/null || ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; then
	echo "The pages of Souk are built with Node 20.19 or newer and its npm; here is $(node --version 2>/dev/null || echo none)." >&2
	echo "Get them at https://nodejs.org/ (or with your package manager), then run this again." >&2
	exit 1
fi

# The packages: installed again when the lock file is another than that of the last time.
if ! cmp -s frontend/package-lock.json frontend/node_modules/.installed; then
	echo "Installing what the pages are built with…" >&2
	npm ci --prefix frontend --ignore-scripts --prefer-offline --fetch-retries=1 --no-audit --no-fund --loglevel=error >&2
	cp frontend/package-lock.json frontend/node_modules/.installed
fi
if [ "${1:-}" = --packages ]; then exit; fi

scripts/sdk.sh

# The pages: built again when their sources are others than those they were built of; what they were built of is written last.
sources=$(find frontend \( -path frontend/node_modules -o -path frontend/dist -o -path frontend/e2e \) -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 cksum)
if [ -f frontend/dist/index.html ] && [ "$sources" = "$(cat frontend/node_modules/.built 2>/dev/null)" ]; then exit; fi
find frontend/dist -mindepth 1 ! -name .keep -delete
npm run --prefix frontend --silent build -- --logLevel warn >&2
echo "$sources" >frontend/node_modules/.built
