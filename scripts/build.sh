#!/usr/bin/env bash
# Builds the program, stripped and static, with its pages and its version: scripts/build.sh [output], bin/souk if none is named.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v go >/dev/null; then
	echo "Souk is built with Go, which is not installed here." >&2
	echo "Get Go $(sed -n 's/^go //p' go.mod) or newer at https://go.dev/dl/ (or with your package manager), then run this again." >&2
	exit 1
fi
scripts/frontend.sh
release=$(git describe --tags --always --dirty 2>/dev/null || echo unversioned)
CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X souk/internal/cli.Release=$release" -o "${1:-bin/souk}" ./cmd/souk
