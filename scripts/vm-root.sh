#!/bin/sh
# Unpacks Debian's arm64 packages of what a virtual machine has beside Node.js (busybox, ip, and libraries) into
# .cache/vm-root/arm64/ and prints that folder. Nothing is installed. Remove the folder to get newer ones.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "vm: $*" >&2; }
die() { say "$*"; exit 1; }

out=.cache/vm-root/arm64
if [ ! -d "$out" ]; then
  say "downloading arm64 packages"
  mkdir -p "${out%/*}"
  work=$(mktemp -d "${out%/*}/new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  get() { sh scripts/apt-arm64.sh get -y --download-only install busybox-static iproute2 libstdc++6 >"$work/log" 2>&1; }
  if ! get; then
    sh scripts/apt-arm64.sh get update >/dev/null 2>&1 || say "apt-get update failed"
    get || { cat "$work/log" >&2; die "apt-get cannot download the arm64 packages"; }
  fi
  mkdir "$work/root"
  for package in .cache/apt-arm64/archives/*.deb; do dpkg-deb -x "$package" "$work/root"; done
  rm -f .cache/apt-arm64/archives/*.deb
  chmod 755 "$work/root"
  # Another run may have been faster.
  mv -T "$work/root" "$out" 2>/dev/null || [ -d "$out" ]
fi
printf '%s\n' "$PWD/$out"
