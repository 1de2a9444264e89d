#!/bin/sh
# Compiles the library of LP64 guests (sdk/lib: libbpf's interface, argp, libelf) and puts it, with the headers of
# sdk/include, beside the C library, in a folder of their own: .cache/sysroot/<C library>-<library>/. Prints its path,
# and makes .cache/sysroot/current lead there. What was made from the same inputs is kept.
#   sh scripts/build-guest-library.sh [SYSROOT]
# NB: a folder is never changed once it has its name: builds of guests, and of the library, may run at the same time.
set -eu
cd "$(dirname "$0")/.."

llvm=19
base=$(readlink -f "${1:-.cache/sysroot/current}")
cache=$(dirname "$base")
base=$cache/$(basename "$base" | sed 's/-.*//')
[ -d "$base/include" ] || { echo "guest library: the C library is not built. Run: npm run sysroot" >&2; exit 1; }

inputs() {
  {
    sha256sum scripts/build-guest-library.sh
    find sdk/lib sdk/include -type f | LC_ALL=C sort | xargs sha256sum
  } | sha256sum | cut -c 1-16
}
hash=$(inputs)
sysroot=$base-$hash

if [ ! -d "$sysroot" ]; then
  touch "$base"
  work=$(mktemp -d "$cache/new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM
  started=$(date +%s)
  cp -R "$base" "$work/sysroot"
  cp -R sdk/include/. "$work/sysroot/include/"
  find sdk/lib -name '*.c' | LC_ALL=C sort | xargs -P "$(nproc)" -I '{}' sh -c '
    clang-'$llvm' --target=wasm64-wasi --sysroot="$1" -nostdlibinc -isystem "$1/include" -I sdk/lib \
      -mbulk-memory -mllvm -wasm-enable-sjlj -D__x86_64__ -std=gnu11 -Os -Wall -Wextra -Wno-unused-parameter -Werror -ffunction-sections -fdata-sections -c "$2" -o "$3/$(basename "$2" .c).o"
  ' sh "$work/sysroot" '{}' "$work"
  lib=$work/sysroot/lib/wasm64-wasi
  llvm-ar-$llvm crs "$lib/libwasm-bpf.a" "$work"/*.o
  # So that who builds guests needs no package of clang's functions for wasm64.
  cp "$(clang-$llvm --print-resource-dir)/lib/wasi/libclang_rt.builtins-wasm64.a" "$lib/libclang_rt.builtins.a"
  # The names that Makefiles of libbpf programs link.
  for name in bpf elf argp; do ln -sf libwasm-bpf.a "$lib/lib$name.a"; done
  # Somebody edits: what was compiled may be neither the one nor the other.
  [ "$(inputs)" = "$hash" ] || { rm -rf "$work"; exec sh scripts/build-guest-library.sh "$base"; }
  # Another build may have been faster; two of the same inputs are the same.
  mv -T "$work/sysroot" "$sysroot" 2>/dev/null || [ -d "$sysroot" ]
  echo "guest library: built in $(($(date +%s) - started)) s" >&2
fi

current=$cache/current
before=$(readlink "$current" || true)
if [ "$before" != "${sysroot##*/}" ]; then
  # What this takes the place of may be in use by a build that runs, so it stays for an hour.
  touch -c "$base" "$sysroot" "$cache/$before"
  ln -s "${sysroot##*/}" "$current.$$"
  mv -T "$current.$$" "$current"
  find "$cache" -mindepth 1 -maxdepth 1 -type d -mmin +60 -exec rm -rf '{}' +
fi
printf '%s\n' "$sysroot"
