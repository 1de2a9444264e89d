#!/bin/sh
# Builds the C library of LP64 guests (wasm64, Linux's types and constants) and zlib into .cache/sysroot/<hash>/, then
# the library of build-guest-library.sh on top of it, and prints the path of the whole. What was made from the same
# inputs is kept.
#   sh scripts/build-sysroot.sh
# The sources are Debian's source packages; what makes the C library LP64 and Linux-like is in sdk/sysroot/.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "sysroot: $*" >&2; }
die() { say "$*"; exit 1; }

# One version of each source, whatever the release of this machine: the edits of adapt.sh are made for it.
suite=bookworm
wasi_libc=wasi-libc_0.0~git20220510.9886d3d.orig.tar.xz
zlib=zlib_1.2.13.dfsg.orig.tar.bz2
sources="\
8f9b802736a856942839d32966937c389f46e9f156415a549a6675b7535e5f74  $wasi_libc
71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1  $zlib"
llvm=19
packages="clang-$llvm lld-$llvm llvm-$llvm libclang-rt-$llvm-dev-wasm64 make xz-utils bzip2 gcc libc6-dev"
root=$PWD
cache=$root/.cache/sysroot

command -v dpkg-query >/dev/null || die "this is not a Debian system: it cannot fetch Debian's source packages"
# shellcheck disable=SC2086
sh scripts/install-packages.sh sysroot $packages
mkdir -p "$cache"
log=$cache/build.log

hash=$({
  dpkg-query -W -f '${Package} ${Version}\n' "clang-$llvm" "lld-$llvm" "libclang-rt-$llvm-dev-wasm64" libc6
  sha256sum scripts/build-sysroot.sh
  find sdk/sysroot -type f | LC_ALL=C sort | xargs sha256sum
} | sha256sum | cut -c 1-16)
if [ -f "$cache/$hash/lib/wasm64-wasi/libc.a" ]; then
  exec sh scripts/build-guest-library.sh "$cache/$hash"
fi

work=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Names of the packages whose source is not in the cache, or is another one.
wrong() { (cd "$cache" && printf '%s\n' "$sources" | LC_ALL=C sha256sum -c 2>/dev/null) | sed -n 's/_.*: FAILED.*//p'; }
missing=$(wrong)
if [ -n "$missing" ]; then
  # shellcheck disable=SC2086
  say "fetching the source of" $missing
  # A sources list of our own: the machine's is not touched.
  mkdir -p "$work/apt/lists/partial" "$work/download"
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f $keyring ] || die "$keyring is missing. Run: sudo apt-get install debian-archive-keyring"
  printf 'deb-src [signed-by=%s] http://deb.debian.org/debian %s main\n' $keyring $suite >"$work/apt/sources.list"
  apt() {
    apt-get -q -o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=- \
      -o Dir::State::lists="$work/apt/lists" -o APT::Sandbox::User=root -o Acquire::Retries=3 "$@"
  }
  # shellcheck disable=SC2086
  { apt update && (cd "$work/download" && apt source --download-only $missing); } >"$log" 2>&1 </dev/null ||
    { tail -n 20 "$log" >&2; die "apt-get source failed; its last lines are above."; }
  mv "$work"/download/*.orig.tar.* "$cache/"
  missing=$(wrong)
  # shellcheck disable=SC2086
  [ -z "$missing" ] || die "$suite has another source than expected (version or SHA-256) of" $missing
fi

say "preparing the source"
mkdir "$work/source" "$work/zlib"
tar -xf "$cache/$wasi_libc" -C "$work/source" --strip-components=1
tar -xf "$cache/$zlib" -C "$work/zlib" --strip-components=1
sh sdk/sysroot/adapt.sh "$work/source"
cc -o "$work/texts" sdk/sysroot/texts.c || die "cc cannot compile sdk/sysroot/texts.c"
LC_ALL=C "$work/texts" >"$work/source/libc-bottom-half/sources/texts.h"

say "compiling (about a minute)"
started=$(date +%s)
failed() { grep -m 20 -E 'error:|\*\*\*' "$log" >&2 || tail -n 20 "$log" >&2; die "the build failed; the whole log is $log"; }
# NB: make cannot have spaces in names, and those of the folders above are not ours: this one leads to where we are.
cd "$work"
here=/proc/$$/cwd
make -C source -j"$(nproc)" CC="clang-$llvm" AR="llvm-ar-$llvm" NM="llvm-nm-$llvm" CURDIR="$here/source" \
  SYSROOT="$here/sysroot" OBJDIR="$here/objects" EXTRA_CFLAGS="-Os -mbulk-memory -DNDEBUG -w" finish >"$log" 2>&1 </dev/null ||
  failed

# Two answers that zlib's own configure would find, for its users and for itself. Only what is used is linked.
edits='s,^#ifdef \(HAVE_\(UNISTD\|STDARG\)_H\) .*,#if 1 /* was #ifdef \1 */,'
sed -i "$edits" "$work/zlib/zconf.h"
cp "$work/zlib/zlib.h" "$work/zlib/zconf.h" "$work/sysroot/include/"
cd "$root"
find "$work/zlib" -maxdepth 1 -name '*.c' | xargs -P "$(nproc)" -I '{}' clang-$llvm --target=wasm64-wasi --sysroot="$work/sysroot" \
  -nostdlibinc -isystem "$work/sysroot/include" -mbulk-memory -D_LARGEFILE64_SOURCE=1 -Os -w -ffunction-sections \
  -fdata-sections -c '{}' -o '{}.o' >>"$log" 2>&1 || failed
llvm-ar-$llvm crs "$work/sysroot/lib/wasm64-wasi/libz.a" "$work"/zlib/*.o

# NB: another build may have been faster; two of the same inputs are the same.
mv -T "$work/sysroot" "$cache/$hash" 2>/dev/null || [ -d "$cache/$hash" ]
say "built in $(($(date +%s) - started)) s: $(du -sh "$cache/$hash/lib" | cut -f 1) of libraries"
sh scripts/build-guest-library.sh "$cache/$hash"
