#!/bin/sh
# From a fresh clone to a table of the processes that start and end on this machine.
set -eu
cd "$(dirname "$0")/.."

# CAP_BPF is bit 39 and CAP_PERFMON bit 38 of the effective set, CAP_SYS_ADMIN bit 21.
caps=$((0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)))
if [ $(((caps >> 39) & (caps >> 38) & 1)) = 0 ] && [ $(((caps >> 21) & 1)) = 0 ]; then
  echo "demo: loading BPF programs needs root or CAP_BPF and CAP_PERFMON; run: sudo npm run demo" >&2
  exit 1
fi

sh scripts/setup.sh
node bin/wasm-bpf build examples/bootstrap
echo "demo: tracing process starts and exits; press Ctrl-C to end" >&2
exec node bin/wasm-bpf examples/bootstrap/bootstrap.wasm "$@"
