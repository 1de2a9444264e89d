#!/bin/sh
# Tests of LP64 guests: their C library and the lowering to 32-bit memory. Builds the library first, if it is not there.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "test: the tests load BPF programs into the kernel; run: sudo npm run test:sysroot" >&2; exit 1; }
sh scripts/setup.sh --test
sh scripts/build-sysroot.sh >/dev/null
# shellcheck disable=SC2046
exec node --test --test-concurrency="$(nproc)" $(find dist/test/sysroot -name '*.test.js' | sort)
