#!/bin/sh
# Bundles the command line and the package's entry points into few files: Node spends about half a millisecond on
# each module it loads, and a start would read a hundred. The folder lies as deep as dist/src/*, so that paths
# relative to a module stay right.
set -eu
cd "$(dirname "$0")/.."

bundle() {
  node_modules/.bin/esbuild "$@" --bundle --splitting --format=esm --platform=node --target=node20.19 --keep-names \
    --log-level=warning --outbase=src --outdir=dist/bundle --chunk-names='chunks/[name]-[hash]' \
    --alias:node:fs=./scripts/bundle-fs.mjs
}

rm -rf dist/bundle dist/.compile-cache
bundle src/cli/main.ts src/api/*.ts
# What runs a module is bundled by itself: chunks that it shares with other commands would carry what only those need.
bundle src/cli/run-main.ts
