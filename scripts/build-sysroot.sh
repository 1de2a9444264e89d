#!/bin/sh
# Builds the C library of LP64 guests (wasm64, Linux's types and constants) into .cache/sysroot/<hash>/ and prints
# that path. One that was made from the same inputs is kept.
#   sh scripts/build-sysroot.sh
# The source is Debian's source package of wasi-libc; what makes it LP64 and Linux-like is in sdk/sysroot/.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "sysroot: $*" >&2; }
die() { say "$*"; exit 1; }

# One version of the source, whatever the release of this machine: the edits of adapt.sh are made for it.
suite=bookworm
version=0.0~git20220510.9886d3d-2
source_sha256=8f9b802736a856942839d32966937c389f46e9f156415a549a6675b7535e5f74
llvm=19
packages="clang-$llvm lld-$llvm llvm-$llvm libclang-rt-$llvm-dev-wasm64 make xz-utils gcc libc6-dev"
cache=$PWD/.cache/sysroot

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]; }

command -v dpkg-query >/dev/null || die "this is not a Debian system: it cannot fetch Debian's source package of wasi-libc"
missing=""
for package in $packages; do installed "$package" || missing="$missing $package"; done
mkdir -p "$cache"
log=$cache/build.log
if [ -n "$missing" ]; then
  [ "$(id -u)" = 0 ] || die "these Debian packages are missing:$missing. Run: sudo apt-get install$missing"
  say "installing Debian packages:$missing"
  # shellcheck disable=SC2086
  { DEBIAN_FRONTEND=noninteractive apt-get update &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 </dev/null ||
    { tail -n 20 "$log" >&2; die "apt-get failed; its last lines are above."; }
fi

hash=$({
  printf '%s\n' "$version" "$source_sha256"
  dpkg-query -W -f '${Package} ${Version}\n' "clang-$llvm" "lld-$llvm" "libclang-rt-$llvm-dev-wasm64" libc6
  sha256sum scripts/build-sysroot.sh
  find sdk/sysroot -type f | LC_ALL=C sort | xargs sha256sum
} | sha256sum | cut -c 1-16)
if [ -f "$cache/$hash/lib/wasm64-wasi/libc.a" ]; then
  ln -sfn "$hash" "$cache/current"
  sh scripts/build-guest-library.sh "$cache/$hash"
  printf '%s\n' "$cache/$hash"
  exit 0
fi

orig=$cache/wasi-libc-$version.orig.tar.xz
checked() { printf '%s  %s\n' "$source_sha256" "$1" | sha256sum -c --quiet - >/dev/null 2>&1; }
work=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

if [ ! -f "$orig" ] || ! checked "$orig"; then
  say "fetching the source of wasi-libc $version"
  # A sources list of our own: the machine's is not touched.
  mkdir -p "$work/apt/lists/partial" "$work/download"
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f $keyring ] || die "$keyring is missing. Run: sudo apt-get install debian-archive-keyring"
  printf 'deb-src [signed-by=%s] http://deb.debian.org/debian %s main\n' $keyring $suite >"$work/apt/sources.list"
  apt="apt-get -q -o Dir::Etc::sourcelist=$work/apt/sources.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=$work/apt/lists -o APT::Sandbox::User=root"
  { $apt update && (cd "$work/download" && $apt source --download-only "wasi-libc=$version"); } >"$log" 2>&1 </dev/null ||
    { tail -n 20 "$log" >&2; die "apt-get source failed; its last lines are above."; }
  for file in "$work"/download/*.orig.tar.xz; do
    checked "$file" || die "the source of wasi-libc is another one than expected (SHA-256 of $(basename "$file"))"
    mv "$file" "$orig"
  done
fi

say "preparing the source"
mkdir "$work/source"
tar -xf "$orig" -C "$work/source" --strip-components=1
sh sdk/sysroot/adapt.sh "$work/source"
cc -o "$work/texts" sdk/sysroot/texts.c || die "cc cannot compile sdk/sysroot/texts.c"
LC_ALL=C "$work/texts" >"$work/source/libc-bottom-half/sources/texts.h"

say "compiling (about a minute)"
started=$(date +%s)
make -C "$work/source" -j"$(nproc)" CC="clang-$llvm" AR="llvm-ar-$llvm" NM="llvm-nm-$llvm" \
  SYSROOT="$work/sysroot" OBJDIR="$work/objects" EXTRA_CFLAGS="-Os -mbulk-memory -DNDEBUG -w" finish >"$log" 2>&1 </dev/null ||
  { grep -m 20 -E 'error:|\*\*\*' "$log" >&2 || tail -n 20 "$log" >&2; die "the build failed; the whole log is $log"; }

rm -rf "${cache:?}/$hash"
sh scripts/build-guest-library.sh "$work/sysroot"
mv "$work/sysroot" "$cache/$hash"
before=$(readlink "$cache/current" || true)
ln -sfn "$hash" "$cache/current"
# The one before may be in use by a build that runs; older ones are of no use any more.
for old in "$cache"/????????????????; do
  [ "$old" = "$cache/$hash" ] || [ "$old" = "$cache/$before" ] || rm -rf "$old"
done
say "built in $(($(date +%s) - started)) s: $(du -sh "$cache/$hash/lib" | cut -f 1) of libraries"
printf '%s\n' "$cache/$hash"
