import { spawnSync } from "node:child_process";
import { ByteReader, MalformedInputError, WasmBpfError } from "../internal/index.ts";

/** "HdrS" at this offset marks a kernel that boots by the x86 boot protocol. */
const BOOT_MAGIC_AT = 0x202;
const BOOT_MAGIC = 0x53726448;
/** The protocol tells where the payload is since this version. */
const WITH_PAYLOAD = 0x0208;
const SECTOR = 512;
const MAX_KERNEL_BYTES = 1 << 30;

/** "ARM\x64" at this offset marks arm64's kernel image, which is neither an ELF file nor always compressed. */
const IMAGE_MAGIC_AT = 56;
const IMAGE_MAGIC = 0x644d5241;
const BTF_HEADER_BYTES = 24;

/** How a kernel is compressed: bytes it starts with, and the command that undoes it. */
interface Compression {
  readonly name: string;
  readonly magic: readonly number[];
  readonly command: readonly [string, ...string[]];
  /** Debian's package of the command. */
  readonly package: string;
}

const COMPRESSIONS: readonly Compression[] = [
  { name: "gzip", magic: [0x1f, 0x8b], command: ["gzip", "-dc"], package: "gzip" },
  { name: "xz", magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], command: ["xz", "-dc"], package: "xz-utils" },
  { name: "zstd", magic: [0x28, 0xb5, 0x2f, 0xfd], command: ["zstd", "-dc"], package: "zstd" },
  { name: "lz4", magic: [0x02, 0x21, 0x4c, 0x18], command: ["lz4", "-dc"], package: "lz4" },
  { name: "bzip2", magic: [0x42, 0x5a, 0x68], command: ["bzip2", "-dc"], package: "bzip2" },
  { name: "lzma", magic: [0x5d, 0x00, 0x00], command: ["xz", "--format=lzma", "-dc"], package: "xz-utils" },
];

/** Whether a file is a compressed kernel as it lies in /boot. */
export function isVmlinuz(bytes: Uint8Array): boolean {
  const reader = new ByteReader(bytes, true);
  const isX86 = bytes.length > BOOT_MAGIC_AT + 64 && reader.u32(BOOT_MAGIC_AT) === BOOT_MAGIC;
  return isX86 || compressionOf(bytes) !== undefined;
}

/**
 * The BTF in arm64's kernel image, which has no table that tells where things are: found by its header.
 *
 * @returns `undefined` when the bytes are no such image, or have no BTF.
 */
export function btfOfImage(bytes: Uint8Array): Uint8Array | undefined {
  const reader = new ByteReader(bytes, true, "kernel image");
  if (bytes.length < IMAGE_MAGIC_AT + 4 || reader.u32(IMAGE_MAGIC_AT) !== IMAGE_MAGIC) return undefined;
  const start = Uint8Array.of(0x9f, 0xeb, 1, 0, BTF_HEADER_BYTES, 0, 0, 0);
  const within = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = within.indexOf(start); at >= 0; at = within.indexOf(start, at + 1)) {
    if (at + BTF_HEADER_BYTES > bytes.length) break;
    const [typesAt, typesSize] = [reader.u32(at + 8), reader.u32(at + 12)];
    const [stringsAt, stringsSize] = [reader.u32(at + 16), reader.u32(at + 20)];
    const end = at + BTF_HEADER_BYTES + stringsAt + stringsSize;
    if (typesAt === 0 && stringsAt === typesSize && end <= bytes.length) return bytes.subarray(at, end);
  }
  return undefined;
}

/**
 * What is inside a compressed kernel: the payload of a bzImage (x86, an ELF file), or a file that is compressed as
 * a whole (other machines).
 *
 * @throws {MalformedInputError} when it has no such payload.
 * @throws {WasmBpfError} code `NOT_SUPPORTED` when the command that decompresses it is missing.
 */
export function vmlinuxOf(bytes: Uint8Array): Uint8Array {
  const payload = payloadOf(bytes);
  const compression = compressionOf(payload);
  if (compression === undefined) {
    const isElf = payload[0] === 0x7f && payload[1] === 0x45;
    if (isElf) return payload;
    throw new MalformedInputError("the kernel's payload is compressed in a way that is not known");
  }
  return decompress(payload, compression);
}

function payloadOf(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes, true, "bzImage");
  if (bytes.length < BOOT_MAGIC_AT + 4 || reader.u32(BOOT_MAGIC_AT) !== BOOT_MAGIC) return bytes;
  if (reader.u16(0x206) < WITH_PAYLOAD) {
    throw new MalformedInputError("the kernel's boot protocol is too old (Linux >= 2.6.26 is needed)");
  }
  const setupSectors = reader.u8(0x1f1) || 4;
  const start = (setupSectors + 1) * SECTOR + reader.u32(0x248);
  return reader.slice(start, reader.u32(0x24c), "payload");
}

function compressionOf(bytes: Uint8Array): Compression | undefined {
  return COMPRESSIONS.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte));
}

function decompress(payload: Uint8Array, { name, command, package: from }: Compression): Uint8Array {
  const zlib = process.getBuiltinModule("node:zlib");
  if (name === "gzip") {
    try {
      return zlib.gunzipSync(payload, { maxOutputLength: MAX_KERNEL_BYTES });
    } catch (error) {
      // What follows the stream (the kernel's size) is none of it; gzip says so, and only warns.
      if (!(error instanceof Error)) throw error;
    }
  }
  const [program, ...args] = command;
  const { stdout, stderr, error } = spawnSync(program, args, {
    input: payload,
    maxBuffer: MAX_KERNEL_BYTES,
    stdio: ["pipe", "pipe", "pipe"],
  });
  if (error !== undefined && "code" in error && error.code === "ENOENT") {
    throw new WasmBpfError(
      "NOT_SUPPORTED",
      `the kernel is compressed with ${name}, and there is no command ${program}: apt install ${from}`,
    );
  }
  // The kernel's build appends the size to the stream: a complaint about that comes after all the output.
  if (stdout === null || stdout.length === 0) {
    const said = new TextDecoder()
      .decode(stderr ?? new Uint8Array(0))
      .trim()
      .split("\n")[0];
    throw new MalformedInputError(`cannot decompress the kernel with ${program}: ${said || "no output"}`);
  }
  return stdout;
}
