#!/usr/bin/env bash
# scripts/apt-install.sh WHAT PACKAGE…: installs packages of Debian's for what is missing, where it may: as root, or by sudo without
# a password. Waits while something else, such as the system's own updates, installs: minutes for that, half a minute for its lists.
set -euo pipefail

sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
command -v apt-get >/dev/null && $sudo true 2>/dev/null || exit 1
echo "$1 is not installed: installing it with apt-get." >&2
shift
for try in 1 2 3 4 5 6; do
	$sudo apt-get update -qq >&2 && break
	[ $try = 6 ] || sleep 5
done
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >&2
