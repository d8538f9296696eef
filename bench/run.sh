#!/usr/bin/env bash
# Prints the table of bench/README.md: make bench, or bench/run.sh [-seconds 3] [-rounds 3]. Takes about eleven minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/postgres.sh
source scripts/postgres.sh

if ! command -v wrk >/dev/null; then
	echo "wrk makes the load and is not installed (Debian, Ubuntu: sudo apt-get install wrk; macOS: brew install wrk)." >&2
	exit 1
fi
work=$(mktemp -d)
trap 'postgres_stop; rm -rf "$work"' EXIT
scripts/build.sh "$work/souk"
go build -o "$work/bench" ./bench
postgres_start -c fsync=on -c synchronous_commit=on # durable, as in production
"$work/bench" -souk "$work/souk" -postgres "$POSTGRES_URL" -work "$work" "$@"
