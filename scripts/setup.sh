#!/bin/sh
# Makes a fresh clone ready: Debian packages, npm packages, native addon, build, the guests' C library. Skips what is
# there already.
#   sh scripts/setup.sh          what `npm run demo` and `wasm-bpf build` need
#   sh scripts/setup.sh --test   and what the test suite needs besides
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "setup: $*" >&2; }
die() { say "$*"; exit 1; }

# Guest toolchain (clang, lld, llvm-strip, BPF helper headers; for version 1 of the guest interface Debian's C library,
# for version 2 what builds ours) and a C compiler.
packages="clang-19 lld-19 llvm-19 libbpf-dev wasi-libc libclang-rt-19-dev-wasm32 libclang-rt-19-dev-wasm64 make xz-utils bzip2 gcc libc6-dev"
# bpftool and libbpf are what our output is compared with, generated code works with cJSON; older compilers' objects have to behave like the newest's;
# iproute2 makes network namespaces.
test_packages="bpftool libcjson-dev clang-14 clang-16 iproute2 libelf-dev zlib1g-dev musl-tools g++ systemtap-sdt-dev"
[ "${1:-}" = --test ] && packages="$packages $test_packages"

command -v node >/dev/null || die "Node.js is not installed. Install Node.js 20.19 or newer (apt-get install nodejs npm)."
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  die "Node.js $(node -v) is too old: 20.19 or newer is needed."

if command -v dpkg-query >/dev/null; then
  # shellcheck disable=SC2086
  sh scripts/install-packages.sh setup $packages
else
  say "this is not a Debian system: install clang, lld, llvm, wasi-libc, libbpf headers and a C compiler yourself"
fi

# Two set-ups of one clone take turns; the second one finds everything there.
mkdir -p .cache
exec 9<.cache
! command -v flock >/dev/null || flock 9

if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say "installing npm packages"
  npm ci --no-progress --loglevel=error --fetch-retries=5 >&2 </dev/null || die "npm ci failed; its message is above."
  touch node_modules/.package-lock.json
fi

sh native/build.sh >&2

# The build is current when nothing that it reads is newer than its stamp.
stamp=dist/.built
if [ ! -f "$stamp" ] || [ -n "$(find src test bench scripts tsconfig.json package-lock.json -newer "$stamp" -type f \( -name '*.ts' -o -name '*.json' \) 2>/dev/null | head -n 1)" ]; then
  say "compiling TypeScript"
  rm -rf dist
  mkdir -p dist
  touch "$stamp.new"
  node_modules/.bin/tsc -p tsconfig.json || die "the TypeScript build failed; its messages are above."
  sh scripts/bundle.sh >&2 || die "bundling failed; its messages are above."
  mv "$stamp.new" "$stamp"
fi

# The C library of guests, zlib and the library they are linked with; all are kept until their sources change.
if command -v dpkg-query >/dev/null; then
  sh scripts/build-sysroot.sh >/dev/null || die "the libraries of guests could not be built; the message is above."
elif [ ! -e .cache/sysroot/current ]; then
  say "the C library of guests is made from a Debian source package: copy .cache/sysroot from a Debian machine"
fi
