#!/usr/bin/env bash
# Builds the server that knows Stripe's schema, which the tests of internal/devcloud/stripe compare with: scripts/stripe-mock.sh output
set -euo pipefail
output=${1:?where to}
case $output in /*) ;; *) output=$PWD/$output ;; esac
cd "$(dirname "$0")/../tools/stripe-mock"
CGO_ENABLED=0 go build -o "$output" github.com/stripe/stripe-mock
