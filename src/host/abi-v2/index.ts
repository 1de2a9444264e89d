import type { HostImports } from "../host-import.ts";
import { btfImports } from "./btf.ts";
import { btfDumpImports } from "./btf-dump.ts";
import { bufferImports } from "./buffer.ts";
import type { AbiV2Context } from "./context.ts";
import { fdImports } from "./fd.ts";
import { kernelImports } from "./kernel.ts";
import { linkImports } from "./link.ts";
import { liveMemoryImports } from "./live-memory.ts";
import { logImports } from "./log-calls.ts";
import { mapImports } from "./map.ts";
import { netImports } from "./net.ts";
import { networkImports } from "./network.ts";
import { objectImports } from "./object.ts";
import { programImports } from "./program.ts";
import { runImports } from "./run.ts";
import { signalImports } from "./signal.ts";
import { systemImports } from "./system.ts";
import { versionImports } from "./version.ts";

export type { AbiV2Context } from "./context.ts";
export { Forks } from "./forks.ts";
export { HandleTable } from "./handles.ts";
export { GuestLog } from "./log.ts";
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
