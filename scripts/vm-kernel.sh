#!/bin/sh
# Unpacks the newest Debian cloud kernel of a series into .cache/vm/<package>/ and prints that folder. Nothing is installed.
#   sh scripts/vm-kernel.sh 6.1
#   sh scripts/vm-kernel.sh 6.12
#   sh scripts/vm-kernel.sh 6.12-arm64
# A kernel of the series that is there already is used as it is; remove its folder to get a newer one.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "vm: $*" >&2; }
die() { say "$*"; exit 1; }

case "${1:-}" in
  6.1) pattern='linux-image-6\.1\.0-[0-9]+-cloud-amd64' ;;
  6.12) pattern='linux-image-6\.12\.[0-9]+\+deb1[23]-cloud-amd64' ;;
  6.12-arm64) pattern='linux-image-6\.12\.[0-9]+\+deb1[23]-cloud-arm64' ;;
  *) die "usage: sh scripts/vm-kernel.sh 6.1|6.12|6.12-arm64" ;;
esac
root=$PWD
case "$1" in
  *-arm64) apt() { sh "$root/scripts/apt-arm64.sh" "$@"; } ;;
  *) apt() { tool=$1; shift; "apt-$tool" -o Acquire::Retries=3 "$@"; } ;;
esac
newest() { grep -E "^$pattern\$" | sort -V | tail -n 1; }

cache=.cache/vm
mkdir -p "$cache"
present=$(find "$cache" -mindepth 2 -maxdepth 2 -name vmlinuz -printf '%P\n' | xargs -r -n 1 dirname | newest)
if [ -n "$present" ]; then
  printf '%s\n' "$cache/$present"
  exit 0
fi

work=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
download() {
  package=$(apt cache pkgnames linux-image-6. | newest)
  [ -n "$package" ] || return 1
  say "downloading $package"
  (cd "$work" && apt get download "$package" >log 2>&1)
}
# Lists that are old name packages that are gone.
if ! download; then
  say "asking apt for its package lists"
  apt get update >/dev/null 2>&1 || say "apt-get update failed"
  download || { [ ! -f "$work/log" ] || cat "$work/log" >&2; die "no package matches $pattern: apt needs the sources of Debian 12 (bookworm, with bookworm-security)"; }
fi
mkdir "$work/tree"
# Of the modules, those of networking: /init loads one, the kernel asks modprobe for others.
dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work/tree" --wildcards './boot/vmlinuz-*' './boot/config-*' \
  './lib/modules/*/modules.*' './lib/modules/*/kernel/net/*' './lib/modules/*/kernel/lib/*' \
  './lib/modules/*/kernel/drivers/net/veth.*' './lib/modules/*/kernel/drivers/net/dummy.*' './lib/modules/*/kernel/drivers/net/ifb.*'
mkdir "$work/kernel"
mv "$work"/tree/boot/vmlinuz-* "$work/kernel/vmlinuz"
mv "$work"/tree/boot/config-* "$work/tree/lib" "$work/kernel/"
find "$work/kernel/lib" -name '*.ko.xz' -exec xz -d {} +
release=$(ls "$work/kernel/lib/modules")
/sbin/depmod -b "$work/kernel" "$release" 2>"$work/depmod" || { cat "$work/depmod" >&2; die "depmod failed for $release"; }
chmod 755 "$work/kernel"
# Another run may have been faster.
mv -T "$work/kernel" "$cache/$package" 2>/dev/null || [ -d "$cache/$package" ]
printf '%s\n' "$cache/$package"
