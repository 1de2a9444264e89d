#!/bin/sh
# Copies the guests' C library into dist/sysroot, as a published package carries it: then building guests takes only
# clang and lld. Called by `scripts/prepack.sh`.
set -eu
cd "$(dirname "$0")/.."

sysroot=$(sh scripts/build-sysroot.sh)
rm -rf dist/sysroot
# NB: packages have no links, so each name of the library is a file.
cp -RL "$sysroot" dist/sysroot
# What the libraries were made from asks to be named.
mkdir -p dist/sysroot/licenses/zlib
tar -xf .cache/sysroot/wasi-libc_*.orig.tar.xz -C dist/sysroot/licenses --strip-components=1 --wildcards \
  '*/LICENSE*' '*/COPYRIGHT'
tar -xf .cache/sysroot/zlib_*.orig.tar.bz2 -C dist/sysroot/licenses/zlib --strip-components=1 --wildcards '*/LICENSE'
