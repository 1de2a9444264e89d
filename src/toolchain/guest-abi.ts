import { appendWasmCustomSection } from "../internal/index.ts";

/** Custom section of a module that says which guest interface it was built for; see `docs/abi-v2.md`. */
const ABI_SECTION = "wasm_bpf.abi";

const MAJOR = 2;
/** The version that introduced the newest import of the guest library. */
const MINOR = 0;

/** The module with a section by which a host knows before it starts whether it can run it. */
export function withAbiVersion(module: Uint8Array): Uint8Array {
  return appendWasmCustomSection(module, ABI_SECTION, Uint8Array.of(MAJOR, 0, MINOR, 0));
}
