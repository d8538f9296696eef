#!/usr/bin/env bash
# Builds the S3 server that the tests of internal/blob/s3 run against: scripts/versitygw.sh output
set -euo pipefail
output=${1:?where to}
case $output in /*) ;; *) output=$PWD/$output ;; esac
cd "$(dirname "$0")/../tools/versitygw"
CGO_ENABLED=0 go build -o "$output" github.com/versity/versitygw/cmd/versitygw
