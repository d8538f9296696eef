#!/usr/bin/env bash
# Runs the pages by Vite at http://127.0.0.1:5173, where they follow every change, against a shop that runs: START_SKIP_FRONTEND=true ./start.sh
# in the folder above starts one, and make dev there starts both. Installs what is missing; arguments are Vite's.
set -euo pipefail
cd "$(dirname "$0")"
../scripts/frontend.sh --packages
exec node_modules/.bin/vite "$@"
