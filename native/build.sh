#!/bin/sh
# Builds native/build/wasm-bpf-linux-<arch>.node with the system's C compiler. Skips when it is newer than its
# sources. CC names another compiler, ARCH (x64, arm64) the target it compiles for.
set -eu
cd "$(dirname "$0")"

cc=${CC:-cc}
case ${ARCH:-$(uname -m)} in
  x86_64 | amd64 | x64) arch=x64 flags="" ;;
  # Atomic operations in line: the out-of-line ones are functions of libgcc.
  aarch64 | arm64) arch=arm64 flags=-mno-outline-atomics ;;
  *) echo "native/build.sh: no support for $(uname -m); x86-64 and arm64 are supported" >&2; exit 1 ;;
esac
out=build/wasm-bpf-linux-$arch.node
sources="addon.c arguments.c mappings.c signals.c syscalls.c waiting.c watch.c memory.c sockets.c processes.c"

if [ -f "$out" ] && [ -z "$(find . -maxdepth 1 \( -name '*.[ch]' -o -name build.sh \) -newer "$out")" ]; then exit 0; fi

command -v "$cc" >/dev/null || {
  echo "native/build.sh: no C compiler ($cc). Install one (apt-get install gcc libc6-dev), or use the npm package, which has the addon built." >&2
  exit 1
}
headers=../node_modules/node-api-headers/include
[ -f "$headers/node_api.h" ] || { echo "native/build.sh: node-api-headers is missing; run: npm ci" >&2; exit 1; }

# The C library is not linked: its symbols are resolved from the node binary's own, so that one file has no
# versioned needs and loads with glibc and musl alike. Nothing fortified: musl lacks the checked variants.
mkdir -p build
# shellcheck disable=SC2086
"$cc" -std=c11 -Wall -Wextra -Werror -O2 -fPIC -fvisibility=hidden -fno-stack-protector \
  -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0 -I"$headers" $flags \
  -shared -nostdlib -s -Wl,-z,relro,-z,now -Wl,-z,noseparate-code -Wl,--hash-style=gnu -Wl,--build-id=none \
  -o "$out.$$" $sources || { rm -f "$out.$$"; exit 1; }
mv "$out.$$" "$out"
echo "built native/$out" >&2
