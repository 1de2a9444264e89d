#!/bin/sh
# Builds what the benchmarks compare, into build/bench/: the BPF objects, the native programs, the guests.
set -eu
cd "$(dirname "$0")/.."

out=build/bench
mkdir -p "$out"

bpf() {
  clang-19 -target bpf -O2 -g -Wall -Werror "-D__TARGET_ARCH_$(uname -m | sed -e 's/x86_64/x86/' -e 's/aarch64/arm64/')" \
    "-I$out" "-I/usr/include/$(gcc -dumpmachine)" -c "$1" -o "$out/$2.bpf.o"
  llvm-strip-19 -g "$out/$2.bpf.o"
  bpftool gen skeleton "$out/$2.bpf.o" name "$2_bpf" >"$out/$2.skel.h"
}

# Nothing is built again while the results are newer than all sources.
if [ -f "$out/.built" ] && [ -z "$(find bench/bpf bench/native bench/guest bench/programs.sh examples/bootstrap/bootstrap.[bch]* \
  sdk/c sdk/lib sdk/include -newer "$out/.built" -type f | head -n 1)" ]; then
  exit 0
fi
[ -s "$out/vmlinux.h" ] || bpftool btf dump file /sys/kernel/btf/vmlinux format c >"$out/vmlinux.h"
bpf bench/bpf/fill.bpf.c fill
bpf examples/bootstrap/bootstrap.bpf.c bootstrap
for source in bench/native/drain.c examples/bootstrap/bootstrap.c; do
  cc -O2 -Wall -Wextra -Werror "-I$out" "$source" -o "$out/$(basename "$source" .c)" -lbpf -lelf -lz
done
cc -O2 -Wall -Wextra -Werror bench/native/first-output.c -o "$out/first-output"
clang-19 --target=wasm32-wasi -O2 -Wall -Wextra -Werror -Wno-c23-extensions -Wl,--export-table "--embed-dir=$out" \
  bench/guest/drain.c -o "$out/drain.wasm"
# The native program as it is, as a guest.
mkdir -p "$out/libbpf"
cp bench/bpf/fill.bpf.c bench/native/drain.c "$out/libbpf"
bin/wasm-bpf build "$out/libbpf"
touch "$out/.built"
