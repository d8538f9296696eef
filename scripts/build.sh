#!/usr/bin/env bash
# Builds the program, stripped and static, with its pages and its version: scripts/build.sh [output], bin/souk if none is named.
# With START_SKIP_FRONTEND=true it has no pages, but says how to build them; no Node is needed then.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v go >/dev/null; then
	echo "Souk is built with Go, which is not installed here." >&2
	echo "Get Go $(sed -n 's/^go //p' go.mod) or newer at https://go.dev/dl/ (or with your package manager), then run this again." >&2
	exit 1
fi
if [ "${START_SKIP_FRONTEND:-}" != true ]; then
	scripts/frontend.sh
else
	find frontend/dist -mindepth 1 ! -name .keep -delete # older pages may not fit
	scripts/sdk.sh || echo "The program is built without them: nobody can sign in in a browser." >&2
fi
release=$(git describe --tags --always --dirty 2>/dev/null || echo unversioned)
CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X souk/internal/cli.Release=$release" -o "${1:-bin/souk}" ./cmd/souk
