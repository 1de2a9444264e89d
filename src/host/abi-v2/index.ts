import type { HostImports } from "../host-import.ts";
import { linkImports } from "./attach/link.ts";
import { btfImports } from "./btf/btf.ts";
import { btfDumpImports } from "./btf/dump.ts";
import { bufferImports } from "./buffer/buffer.ts";
import type { AbiV2Context } from "./context.ts";
import { fdImports } from "./fd/fd.ts";
import { kernelImports } from "./kernel/kernel.ts";
import { logImports } from "./log-calls.ts";
import { liveMemoryImports } from "./map/live-memory.ts";
import { mapImports } from "./map/map.ts";
import { netImports } from "./net/net.ts";
import { networkImports } from "./net/network.ts";
import { objectImports } from "./object/object.ts";
import { programImports } from "./program/program.ts";
import { runImports } from "./run/run.ts";
import { signalImports } from "./run/signal.ts";
import { systemImports } from "./system/system.ts";
import { versionImports } from "./version.ts";

export type { AbiV2Context } from "./context.ts";
export { HandleTable } from "./handles.ts";
export { GuestLog } from "./log.ts";
export { Forks } from "./run/forks.ts";
export { checkAbiVersion } from "./version.ts";

/** Import module of version 2. */
export const ABI_V2_MODULE = "wasm_bpf_2";
/** Import module of functions of version 2 that the guest can go without. */
export const ABI_V2_OPTIONAL_MODULE = "wasm_bpf_2_optional";

/** The functions of version 2, see `docs/abi-v2.md`. */
export function abiV2Imports(context: AbiV2Context): HostImports {
  const imports: HostImports = {
    ...objectImports(context),
    ...programImports(context),
    ...mapImports(context),
    ...liveMemoryImports(context),
    ...linkImports(context),
    ...bufferImports(context),
    ...btfImports(context),
    ...btfDumpImports(context),
    ...kernelImports(context),
    ...networkImports(context),
    ...logImports(context),
    ...signalImports(context),
    ...systemImports(context),
    ...fdImports(context),
    ...runImports(context),
    ...netImports(context),
  };
  return { ...imports, ...versionImports(context, imports) };
}
