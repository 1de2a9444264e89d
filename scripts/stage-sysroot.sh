#!/bin/sh
# Copies the guests' C library into dist/sysroot, as a published package carries it: then building guests takes only
# clang and lld. Called by `npm pack`.
set -eu
cd "$(dirname "$0")/.."

sysroot=$(sh scripts/build-sysroot.sh)
sh scripts/build-guest-library.sh "$sysroot"
rm -rf dist/sysroot
# NB: packages have no links, so each name of the library is a file.
cp -RL "$sysroot" dist/sysroot
rm dist/sysroot/guest-library
# What the C library was made from asks to be named.
mkdir dist/sysroot/licenses
tar -xf .cache/sysroot/wasi-libc-*.orig.tar.xz -C dist/sysroot/licenses --strip-components=1 --wildcards \
  '*/LICENSE*' '*/COPYRIGHT'
