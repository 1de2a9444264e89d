#!/bin/sh
# Compiles on this machine what the virtual machines run, into build/vm/: the guests and the examples' modules, which are
# the same everywhere, and for each kind of machine (x64, arm64) the BPF objects of test/vm/bpf and the probed program.
# Types are those of this kernel and of the given one for arm64; CO-RE fits the objects to the others.
#   sh test/vm/programs.sh [ARM64_KERNEL_FOLDER]
set -eu
cd "$(dirname "$0")/../.."

out=build/vm
mkdir -p "$out/wasm"

# True when file $1 has to be made: it is missing, or one of the other arguments is newer.
stale() {
  made=$1
  shift
  [ ! -s "$made" ] || [ -n "$(find "$@" -newer "$made" | head -n 1)" ]
}

# types MACHINE NAME COMMAND...: keeps the command's output as the types of kernel NAME.
types() {
  folder=$out/$1/include name=$2
  shift 2
  mkdir -p "$folder"
  [ -s "$folder/vmlinux.h" ] && [ "$(cat "$folder/release" 2>/dev/null)" = "$name" ] && return
  "$@" >"$folder/vmlinux.h"
  echo "$name" >"$folder/release"
}

# objects MACHINE MACRO COMPILER...: the BPF objects and the probed program.
objects() {
  folder=$out/$1 macro=$2
  shift 2
  mkdir -p "$folder/bpf"
  for source in test/vm/bpf/*.bpf.c; do
    object=$folder/bpf/$(basename "$source" .c).o
    if stale "$object" "$source" "$folder/include/vmlinux.h"; then
      clang-19 -target bpf -mcpu=v3 -O2 -g -Wall -Werror "-D__TARGET_ARCH_$macro" "-I$folder/include" -c "$source" -o "$object"
      llvm-strip-19 -g "$object"
    fi
  done
  if stale "$folder/target" test/vm/target.c; then
    "$@" -O1 -Wall -Wextra -Werror -o "$folder/target" test/vm/target.c
  fi
}

types x64 "$(uname -r)" bpftool btf dump file /sys/kernel/btf/vmlinux format c
objects x64 x86 cc
if [ $# -gt 0 ]; then
  types arm64 "$(basename "$1")" node bin/wasm-bpf btf dump file "$1/vmlinuz" format c
  objects arm64 arm64 aarch64-linux-gnu-gcc
  CC=aarch64-linux-gnu-gcc ARCH=arm64 sh native/build.sh
  # What the kernel tests compile, they compile for both then.
  export WASM_BPF_TEST_ALSO=arm64
fi

for source in test/vm/guest/*.c; do
  name=$(basename "$source" .c)
  if stale "$out/wasm/$name.wasm" "$source" "$out/x64/bpf/$name.bpf.o"; then
    clang-19 --target=wasm32-wasi -Os -Wall -Wextra -Werror -Wno-c23-extensions -Wl,--export-table,--strip-all \
      "--embed-dir=$out/x64/bpf" "$source" -o "$out/wasm/$name.wasm"
  fi
done

for example in bootstrap bootstrap-v1 runqlat; do
  node bin/wasm-bpf build "examples/$example" >&2
  cp -u "examples/$example/${example%-v1}.wasm" "$out/wasm/$example.wasm"
done

# The kernel tests keep what they compile, so running those here that run there makes their objects. Their results are
# `npm test`'s.
ran=$out/kernel-tests${1:+-arm64}
if stale "$ran" test/kernel test/support; then
  echo "vm: running the kernel tests on this machine for the programs they compile" >&2
  find dist/test/kernel -name '*.test.js' -not -name addon-loads.test.js -not -name skeleton-ts.test.js \
    -exec node --test --test-concurrency="$(nproc)" {} + >"$ran" 2>&1 </dev/null || true
fi

# The template that needs a kernel with BPF among its security modules.
if stale "$out/wasm/lsm.wasm" sdk/templates/lsm/* "$out/x64/include/vmlinux.h"; then
  rm -rf "$out/lsm"
  node bin/wasm-bpf init --template lsm --dir "$out/lsm" lsm >&2
  node bin/wasm-bpf build "$out/lsm" >&2
  cp "$out/lsm/lsm.wasm" "$out/wasm/"
fi
