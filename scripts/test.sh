#!/bin/sh
# The gate: set-up, then format, lint, dead code, and the tests that run on this machine.
#   sh scripts/test.sh            everything
#   sh scripts/test.sh --quick    without what drives compilers and other tools: under 3 minutes
#   sh scripts/test.sh FILTER...  only the test files whose path contains one of the words
set -eu
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo "test: the tests load BPF programs into the kernel; run: sudo npm test" >&2; exit 1; }

sh scripts/setup.sh --test

# Machines and the LP64 C library have commands of their own: test:vm, test:sysroot.
tests() { find dist -name '*.test.js' -not -path 'dist/test/vm/*' -not -path 'dist/test/sysroot/*' "$@" | sort; }

case "${1:-}" in
  "" | --quick)
    node_modules/.bin/biome check --error-on-warnings .
    node_modules/.bin/knip
    if [ $# -eq 0 ]; then files=$(tests); else
      files=$(tests -not -path 'dist/test/differential/*' -not -path 'dist/test/toolchain/*' \
        -not -path 'dist/test/fuzz/*' -not -path 'dist/test/examples/*' -not -path 'dist/test/sdk/*' \
        -not -path 'dist/test/programs/*' -not -path 'dist/bench/*' -not -name addon-loads.test.js \
        -not -name skeleton-ts.test.js)
    fi
    ;;
  *) files=$(for word in "$@"; do find dist -name '*.test.js' -path "*$word*"; done | sort -u) ;;
esac
[ -n "$files" ] || { echo "test: no test file matches: $*" >&2; exit 1; }
# One file more than there are processors at a time: tests wait for the kernel a lot. One that hangs fails after 20 minutes.
# shellcheck disable=SC2086
exec node --test --test-concurrency=$(($(nproc) + 1)) --test-timeout=1200000 $files
