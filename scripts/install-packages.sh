#!/bin/sh
# Installs the Debian packages of the list that are missing; needs root only when there are any.
#   sh scripts/install-packages.sh WHO PACKAGE...    WHO is put before what it says
set -eu
who=$1
shift

say() { printf '%s\n' "$who: $*" >&2; }
die() { say "$*"; exit 1; }
missing() {
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || printf ' %s' "$package"
  done
}

[ -n "$(missing "$@")" ] || exit 0
[ "$(id -u)" = 0 ] || die "these Debian packages are missing:$(missing "$@"). Run: sudo apt-get install$(missing "$@")"

# Only one at a time: apt-get update does not wait for another one. When it is our turn, the packages may be there.
exec 9</var/lib/dpkg
flock 9
missing=$(missing "$@")
[ -n "$missing" ] || exit 0
say "installing Debian packages:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600 "$@" </dev/null >>"$log" 2>&1 9<&-; }
# One source that does not answer is no reason to give up: the packages may be in another, or in the lists of before.
apt update || say "apt-get update failed; trying with the package lists that are there"
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing ||
  { tail -n 20 "$log" >&2; die "apt-get failed; its last lines are above."; }
