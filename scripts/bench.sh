#!/bin/sh
# Measures start-up time and cost per event beside native libbpf. Prints a table; no time is judged.
#   sh scripts/bench.sh              medians of 20
#   sh scripts/bench.sh --rounds 1   only shows that everything runs
set -eu
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo "bench: loads BPF programs into the kernel; run: sudo npm run bench" >&2; exit 1; }
sh scripts/setup.sh --test
sh bench/programs.sh
node bin/wasm-bpf build examples/bootstrap >&2
node24=$(sh scripts/fetch-node.sh 24)
node20=$(sh scripts/fetch-node.sh 20)
exec "$node24" dist/bench/main.js "$@" "Node 24=$node24" "Node 20=$node20"
