#!/usr/bin/env bash
# make dev: the program, and the pages by Vite, which is what a browser asks. The end of one of them is that of the other.
set -euo pipefail
cd "$(dirname "$0")/.."
export PUBLIC_URL=${PUBLIC_URL:-http://127.0.0.1:5173} START_SKIP_FRONTEND=true
scripts/frontend.sh --packages
scripts/sdk.sh

stop() {
	trap - EXIT
	kill ${started[@]+"${started[@]}"} 2>/dev/null || true
	wait
}
started=()
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
running() {
	for pid in "${started[@]}"; do kill -0 "$pid" 2>/dev/null || return; done
	sleep 0.5 &
	wait $! # unlike sleep itself, a signal ends it
}
./start.sh &
started+=($!)
while running && ! bin/souk health >/dev/null 2>&1; do :; done
frontend/start.sh &
started+=($!)
while running; do :; done
