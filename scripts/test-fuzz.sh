#!/bin/sh
# The long fuzz run: at least 200,000 mutants of the ELF, BTF and BTF.ext of testdata/, in at most 256 MB of heap.
# A tenth as many are loaded. WASM_BPF_FUZZ sets the mutants per object, WASM_BPF_FUZZ_SEED chooses others.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh --test
export WASM_BPF_FUZZ="${WASM_BPF_FUZZ:-10000}"
NODE_OPTIONS=--max-old-space-size=256 exec node --test --test-concurrency="$(nproc)" dist/test/fuzz/*.test.js
