import { AbiVersionError } from "../../internal/index.ts";
import { engine, type WasmModule } from "../engine.ts";
import type { HostImports } from "../host-import.ts";
import { requiredText } from "./blocks.ts";
import type { AbiV2Context } from "./context.ts";
import { guestCall } from "./refusal.ts";

const MAJOR = 2;
/** Grows with every function or field that is added. */
const MINOR = 0;
/** Custom section of a module: the version its imports need, u16 major and u16 minor. */
const VERSION_SECTION = "wasm_bpf.abi";

/** `abi_version`, `abi_has`. */
export function versionImports({ memory }: AbiV2Context, others: HostImports): HostImports {
  const imports: HostImports = {
    abi_version: guestCall(() => (MAJOR << 16) | MINOR),
    abi_has: guestCall((name) => {
      const wanted = requiredText(memory, name);
      return Object.hasOwn(others, wanted) || Object.hasOwn(imports, wanted) ? 1 : 0;
    }),
  };
  return imports;
}

/**
 * Looks at the version a module says it needs; modules of version 1 say nothing.
 *
 * @param moduleName for the message
 * @throws {AbiVersionError} when this host has not got it
 */
export function checkAbiVersion(module: WasmModule, moduleName: string): void {
  const [section] = engine.Module.customSections(module, VERSION_SECTION);
  if (section === undefined) return;
  const view = new DataView(section);
  const [major, minor] = section.byteLength < 4 ? [0, 0] : [view.getUint16(0, true), view.getUint16(2, true)];
  if (major === MAJOR && minor <= MINOR) return;
  const remedy = major >= MAJOR ? "update wasm-bpf" : "compile it again with the headers of this version";
  throw new AbiVersionError(
    `${moduleName} needs guest interface ${major}.${minor}, this wasm-bpf offers ${MAJOR}.${MINOR}: ${remedy}`,
  );
}
