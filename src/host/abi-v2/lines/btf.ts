import { machineIsLittleEndian } from "../../../kernel/index.ts";
import type { GuestLog } from "../log.ts";
import { LOG_DEBUG, LOG_WARNING } from "../log.ts";

const HEADER_BYTES = 24;
const MAGIC = 0xeb9f;
const SWAPPED_MAGIC = 0x9feb;

/** What libbpf says of types that are malformed. @param message of the error that they are refused with */
export function sayMalformedBtf(log: GuestLog, bytes: Uint8Array, message: string): void {
  const [, type, reference] = /type (\d+): type id (\d+) is out of range/.exec(message) ?? [];
  if (reference !== undefined) {
    log.write(LOG_WARNING, `btf: type [${type}]: invalid referenced type ID ${reference}`);
    return;
  }
  const [, kind] = /unknown kind (\d+)/.exec(message) ?? [];
  const problem = kind === undefined ? headerProblem(bytes) : `Unsupported BTF_KIND: ${kind}`;
  if (problem !== undefined) log.write(LOG_DEBUG, problem);
}

function headerProblem(bytes: Uint8Array): string | undefined {
  if (bytes.length < HEADER_BYTES) return "BTF header not found";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const ownOrder = machineIsLittleEndian();
  const magic = view.getUint16(0, ownOrder);
  if (magic !== MAGIC && magic !== SWAPPED_MAGIC) return `Invalid BTF magic: ${magic.toString(16)}`;
  const field = (at: number): number => view.getUint32(at, (magic === MAGIC) === ownOrder);
  const [header, typesAt, types, stringsAt, strings] = [field(4), field(8), field(12), field(16), field(20)];
  if (bytes.length < header) return `BTF header len ${header} larger than data size ${bytes.length}`;
  if (bytes.length - header < stringsAt + strings) return `Invalid BTF total size: ${bytes.length}`;
  if (typesAt + types > stringsAt) {
    const places = `type data at ${typesAt} + ${types}, strings data at ${stringsAt} + ${strings}`;
    return `Invalid BTF data sections layout: ${places}`;
  }
  if (typesAt % 4 !== 0) return "BTF type section is not aligned to 4 bytes";
  const start = header + stringsAt;
  if (strings === 0 || bytes[start + strings - 1] !== 0) return "Invalid BTF string section";
  return bytes[start] === 0 ? undefined : "Malformed BTF string section, did you forget to provide base BTF?";
}

/** The kernel's types cannot be had. */
export function sayNoKernelBtf(log: GuestLog): void {
  log.write(
    LOG_WARNING,
    "kernel BTF is missing at '/sys/kernel/btf/vmlinux', was CONFIG_DEBUG_INFO_BTF enabled?",
  );
  log.write(LOG_WARNING, "failed to find valid kernel BTF");
}
