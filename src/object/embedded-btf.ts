import { type Btf, minCoreBtf } from "../btf/index.ts";
import {
  appendWasmCustomSection,
  ByteReader,
  ByteWriter,
  decodeCString,
  encodeText,
  MalformedInputError,
  wasmCustomSections,
} from "../internal/index.ts";
import { findObjects } from "./find-objects.ts";
import { parseObject } from "./parse.ts";

/** Custom section of a module that holds the BTF of one kernel; a module may have several. */
export const EMBEDDED_BTF_SECTION = "wasm-bpf.btf";

const FORMAT = 1;

/** The kernels that a BTF is for. */
export interface KernelKey {
  /** As `uname -r` prints it. */
  readonly release: string;
  /** As `uname -m` prints it; "" for any. */
  readonly machine: string;
}

/** BTF of a kernel inside a module. */
export interface EmbeddedBtf extends KernelKey {
  readonly btf: Uint8Array;
}

/**
 * The module with one more custom section: what its objects need of a kernel's BTF.
 *
 * Layout, little-endian: format u16 = 1, length of the release u16, length of the machine u16, release, machine, BTF.
 *
 * @throws {MalformedInputError} when the module or an object in it is damaged.
 */
export function embedBtf(module: Uint8Array, kernel: KernelKey, btf: Btf): Uint8Array {
  const objects = findObjects(module).map(({ bytes }) => parseObject(bytes));
  const [release, machine] = [encodeText(kernel.release), encodeText(kernel.machine)];
  const payload = new ByteWriter(true).u16(FORMAT).u16(release.length).u16(machine.length);
  payload.bytes(release).bytes(machine).bytes(minCoreBtf(btf, objects));
  return appendWasmCustomSection(module, EMBEDDED_BTF_SECTION, payload.finish());
}

/** The kernels' BTFs that a module carries. @throws {MalformedInputError} when one is damaged. */
export function embeddedBtfs(module: Uint8Array): EmbeddedBtf[] {
  return wasmCustomSections(module, EMBEDDED_BTF_SECTION).map((payload) => {
    const reader = new ByteReader(payload, true, EMBEDDED_BTF_SECTION);
    if (reader.u16(0) !== FORMAT)
      throw new MalformedInputError(`format ${reader.u16(0)} is not known`, reader.at(0));
    const [releaseLength, machineLength] = [reader.u16(2), reader.u16(4)];
    const btfAt = 6 + releaseLength + machineLength;
    return {
      release: decodeCString(reader.slice(6, releaseLength, "kernel release")),
      machine: decodeCString(reader.slice(6 + releaseLength, machineLength, "machine")),
      btf: reader.slice(btfAt, reader.length - btfAt, "BTF"),
    };
  });
}

/** The BTF for a kernel; one for its machine wins over one for any. */
export function chooseEmbeddedBtf(
  candidates: readonly EmbeddedBtf[],
  { release, machine }: KernelKey,
): EmbeddedBtf | undefined {
  const fitting = candidates.filter((candidate) => candidate.release === release);
  return (
    fitting.find((candidate) => candidate.machine === machine) ??
    fitting.find((candidate) => candidate.machine === "")
  );
}
