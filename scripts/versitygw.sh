#!/usr/bin/env bash
# Builds the S3 server that the tests of internal/blob/s3 run against: scripts/versitygw.sh output
set -euo pipefail
cd "$(dirname "$0")/.."
CGO_ENABLED=0 go build -C tools/versitygw -o "$(realpath -m "${1:?where to}")" github.com/versity/versitygw/cmd/versitygw
