#!/bin/sh
# Compiles testdata/*.bpf.c into testdata/*.bpf.o and those of the other byte order, testdata/*.be.bpf.o.
# The results are committed; run this after changing a source. Needs clang, llvm-strip, bpftool and libbpf-dev.
#   CLANG=clang-16 sh scripts/build-testdata.sh DIRECTORY    puts them elsewhere, without the other byte order
# A source that says "Needs clang N." is left out by older compilers, and its name is printed.
set -eu

cd "$(dirname "$0")/../testdata"
out=${1:-.}
clang=${CLANG:-clang-19}
strip=${LLVM_STRIP:-llvm-strip-19}
includes="-I/usr/include/$(uname -m)-linux-gnu"
version=$("$clang" -dumpversion)
version=${version%%.*}

compile() { # target source output
	debug=-g
	cpu=v3
	case $2 in
	no-btf.bpf.c) debug= ;;
	instructions.bpf.c) cpu=v4 ;;
	esac
	# shellcheck disable=SC2086 # $debug and $includes are lists of options
	"$clang" --target="$1" -mcpu=$cpu -O2 $debug -Wall -Wno-unused-function -Wno-missing-declarations \
		-D__TARGET_ARCH_x86 $includes -fdebug-compilation-dir=/testdata -c "$2" -o "$3"
	"$strip" -g "$3"
}

for source in *.bpf.c; do
	name=${source%.bpf.c}
	needed=$(sed -n 's/^.* Needs clang \([0-9]*\)\..*$/\1/p' "$source")
	if [ "$version" -lt "${needed:-0}" ]; then
		echo "$name"
		continue
	fi
	compile bpfel "$source" "$out/$name.bpf.o"
	[ "$out" = . ] || continue
	case $name in
	globals | maps | subprograms | externs) compile bpfeb "$source" "$name.be.bpf.o" ;;
	esac
done

# One object made of several files.
for source in linked/*.bpf.c; do
	compile bpfel "$source" "$out/$(basename "$source" .bpf.c).part.o"
done
bpftool gen object "$out/linked.bpf.o" "$out/main.part.o" "$out/library.part.o"
rm "$out/main.part.o" "$out/library.part.o"
