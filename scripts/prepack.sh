#!/bin/sh
# Makes what a published package carries: the build, the addon for both architectures, the guests' C library.
# Called by `npm pack` and `npm publish`.
set -eu
cd "$(dirname "$0")/.."

sh scripts/setup.sh
for target in x64:x86_64-linux-gnu arm64:aarch64-linux-gnu; do
  cc=${target#*:}-gcc
  command -v "$cc" >/dev/null || {
    echo "prepack: $cc is missing. Run: sudo apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross (on x86-64)" >&2
    exit 1
  }
  ARCH=${target%%:*} CC=$cc sh native/build.sh >&2
done
sh scripts/stage-sysroot.sh
