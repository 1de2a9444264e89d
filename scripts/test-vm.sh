#!/bin/sh
# Runs the tests of test/vm on Debian's kernels under QEMU. No kernel is installed, no KVM is needed.
#   sh scripts/test-vm.sh                6.1 and 6.12 of x86-64, and 6.12 of arm64
#   sh scripts/test-vm.sh 6.1            one of them: 6.1, 6.12 or 6.12-arm64
#   sh scripts/test-vm.sh --verbose 6.1  with the machine's console; more options: test/vm/run.ts
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "vm: $*" >&2; }
die() { say "$*"; exit 1; }

options=""
series=""
while [ $# -gt 0 ]; do
  case $1 in
    --only) options="$options --only $2"; shift ;;
    -*) options="$options $1" ;;
    arm64) series="$series 6.12-arm64" ;;
    *) series="$series $1" ;;
  esac
  shift
done
series=${series:-6.12-arm64 6.12 6.1}
case " $series " in
  *-arm64\ *) arm64=yes ;;
  *) arm64="" ;;
esac

sh scripts/setup.sh --test

packages="qemu-system-x86 busybox-static xz-utils kmod"
[ -z "$arm64" ] || packages="$packages qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross binutils"
# shellcheck disable=SC2086
sh scripts/install-packages.sh vm $packages

# Names in a list must not have spaces, which the clone's own folder may have: so they start here.
node=$(sh scripts/fetch-node.sh 24)
options="$options --node ${node#"$PWD/"}"
kernels=""
arm64_kernel=""
for one in $series; do
  kernel=$(sh scripts/vm-kernel.sh "$one") || exit 1
  kernels="$kernels $kernel"
  case $one in *-arm64) arm64_kernel=$kernel ;; esac
done
if [ -n "$arm64" ]; then
  node=$(sh scripts/fetch-node.sh 24 arm64)
  root=$(sh scripts/vm-root.sh)
  options="$options --node-arm64 ${node#"$PWD/"} --root-arm64 ${root#"$PWD/"}"
fi
# shellcheck disable=SC2086
sh test/vm/programs.sh $arm64_kernel

# The tools of these tests have tests themselves; what they print shows only when one fails.
node --test --test-reporter=tap dist/test/vm/*.test.js >build/vm/tools.tap ||
  { cat build/vm/tools.tap >&2; die "the tests of test/vm failed"; }

# shellcheck disable=SC2086
exec node dist/test/vm/run.js $options $kernels
