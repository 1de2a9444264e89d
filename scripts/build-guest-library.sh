#!/bin/sh
# Compiles the library of LP64 guests (sdk/lib: libbpf's interface, argp, libelf) into the C library's folder, with the
# headers of sdk/include. One that was made from the same inputs is kept; `npm run sysroot` calls this at its end.
#   sh scripts/build-guest-library.sh [SYSROOT]
set -eu
cd "$(dirname "$0")/.."

llvm=19
sysroot=$(readlink -f "${1:-.cache/sysroot/current}")
[ -d "$sysroot/include" ] || { echo "guest library: the C library is not built. Run: npm run sysroot" >&2; exit 1; }

hash=$({
  sha256sum scripts/build-guest-library.sh
  find sdk/lib sdk/include -type f | LC_ALL=C sort | xargs sha256sum
} | sha256sum | cut -c 1-16)
stamp=$sysroot/guest-library
[ "$(cat "$stamp" 2>/dev/null || true)" != "$hash" ] || exit 0

work=$(mktemp -d "$sysroot/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

started=$(date +%s)
cp -R sdk/include/. "$sysroot/include/"
find sdk/lib -name '*.c' | LC_ALL=C sort | xargs -P "$(nproc)" -I '{}' sh -c '
  clang-'$llvm' --target=wasm64-wasi --sysroot="$1" -nostdlibinc -isystem "$1/include" -I sdk/lib \
    -mbulk-memory -D__x86_64__ -std=gnu11 -Os -Wall -Wextra -Wno-unused-parameter -Werror -ffunction-sections -fdata-sections -c "$2" -o "$3/$(basename "$2" .c).o"
' sh "$sysroot" '{}' "$work"
rm -f "$work/libwasm-bpf.a"
llvm-ar-$llvm crs "$work/libwasm-bpf.a" "$work"/*.o
mv "$work/libwasm-bpf.a" "$sysroot/lib/wasm64-wasi/"
# So that who builds guests needs no package of clang's functions for wasm64.
cp "$(clang-$llvm --print-resource-dir)/lib/wasi/libclang_rt.builtins-wasm64.a" "$sysroot/lib/wasm64-wasi/libclang_rt.builtins.a"
# The names that Makefiles of libbpf programs link.
for name in bpf elf z argp; do ln -sf libwasm-bpf.a "$sysroot/lib/wasm64-wasi/lib$name.a"; done
printf '%s\n' "$hash" >"$stamp"
echo "guest library: built in $(($(date +%s) - started)) s" >&2
