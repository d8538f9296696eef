#!/usr/bin/env bash
# scripts/apt-install.sh WHAT PACKAGE…: installs packages of Debian's for what is missing, where it may: as root, or by sudo without
# a password. Waits for up to five minutes while something else, such as the system's own updates, installs.
set -euo pipefail

sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
command -v apt-get >/dev/null && $sudo true 2>/dev/null || exit 1
echo "$1 is not installed: installing it with apt-get." >&2
shift
$sudo apt-get update -qq -o DPkg::Lock::Timeout=300 >&2
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >&2
