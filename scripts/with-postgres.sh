#!/usr/bin/env bash
# scripts/with-postgres.sh COMMAND…: runs it with SOUK_TEST_POSTGRES naming a PostgreSQL of its own, unless one is named already.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${SOUK_TEST_POSTGRES:-}" ]; then
	# shellcheck source=scripts/postgres.sh
	source scripts/postgres.sh
	trap postgres_stop EXIT
	postgres_start_for_tests
	export SOUK_TEST_POSTGRES=$POSTGRES_URL
fi
"$@"
