import { Btf } from "../../../btf/index.ts";
import { type ElfFile, parseElf } from "../../../elf/index.ts";
import { MalformedInputError } from "../../../internal/index.ts";
import {
  btfBytes,
  btfFdById,
  btfInfo,
  kernelBtfIfAny,
  moduleBtf,
  NoKernelBtfError,
} from "../../../kernel/index.ts";
import { EBADF, EINVAL, EIO, EISDIR, ENODATA, ENOENT, EPROTO, ESRCH } from "../../../uapi/errno.ts";
import { guestRange, requiredText } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { readGuestFile } from "../guest-file.ts";
import type { HandleEntry } from "../handles.ts";
import { sayBtfProblem, sayNoKernelBtf } from "../lines/btf.ts";
import { errorText } from "../lines/error-text.ts";
import { type GuestLog, LOG_DEBUG, LOG_WARNING } from "../log.ts";
import { requireKernel } from "../permission.ts";
import { Refusal } from "../refusal.ts";

const KIND_KERNEL = 1;
const KIND_MODULE = 2;
const KIND_FILE = 3;
const KIND_BYTES = 4;
const KIND_ID = 5;
const KIND_FILE_BASE = 6;
/** What a file has to be. */
const FILE_ANY = 0;
const FILE_RAW = 1;
const FILE_ELF = 2;
/** What tells types from everything else. */
const MAGIC_BYTES = 2;
const SYSFS_BTF = "/sys/kernel/btf/vmlinux";
/** libbpf's own error number for what is no ELF file. */
const LIBBPF_ERRNO_FORMAT = 4001;

/** Types behind a handle. Those of the kernel are one copy for all guests. */
export class GuestBtf implements HandleEntry {
  readonly btf: Btf;
  /** The handle it was opened on top of, 0 for none. */
  readonly base: number;
  /** In the kernel, 0 when it is not there or not known. */
  readonly id: number;

  constructor(btf: Btf, base = 0, id = 0) {
    this.btf = btf;
    this.base = base;
    this.id = id;
  }

  close(): void {}
}

/** @throws {Refusal} EBADF */
export function guestBtf(context: AbiV2Context, handle: number): GuestBtf {
  const found = context.handles.get(handle, GuestBtf);
  if (found === undefined) throw new Refusal(EBADF);
  return found;
}

/** Runs `read`, for which damaged types are -EINVAL as in libbpf. */
export function readTypes<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MalformedInputError)) throw error;
    throw new Refusal(EINVAL);
  }
}

/** `btf_open`. @throws {Refusal} */
export function openBtf(
  context: AbiV2Context,
  kind: number,
  name: number,
  base: number,
  at: number,
  size: number,
): GuestBtf {
  const { memory, log } = context;
  const below = base === 0 ? undefined : guestBtf(context, base).btf;
  const parse = (bytes: Uint8Array): GuestBtf => new GuestBtf(parseTypes(log, bytes, below), base);
  switch (kind) {
    case KIND_KERNEL:
      return new GuestBtf(kernelTypes(context));
    case KIND_MODULE: {
      const found = readTypes(() => moduleBtf(requiredText(memory, name)));
      if (found === undefined) throw new Refusal(ENOENT);
      return below === undefined || below === found.base ? new GuestBtf(found, base) : parse(found.raw);
    }
    case KIND_FILE:
      return parse(typesOfFile(context, requiredText(memory, name), size));
    case KIND_FILE_BASE:
      return parse(baseOfFile(context, requiredText(memory, name)));
    case KIND_BYTES:
      return parse(guestRange(memory, at, size).slice());
    case KIND_ID:
      return openId(context, size, base, below);
    default:
      throw new Refusal(EINVAL);
  }
}

/** The types of a file that the guest may open. @throws {Refusal} after libbpf's lines when they cannot be had */
export function fileTypes(context: AbiV2Context, path: string): Btf {
  return parseTypes(context.log, typesOfFile(context, path, FILE_ANY), undefined);
}

function parseTypes(log: GuestLog, bytes: Uint8Array, base: Btf | undefined): Btf {
  if (sayBtfProblem(log, bytes, base)) throw new Refusal(EINVAL);
  return readTypes(() => Btf.parse(bytes, base === undefined ? {} : { base }));
}

/** @throws {Refusal} ESRCH after libbpf's lines where the kernel has none */
export function kernelTypes({ kernelBtf, log }: AbiV2Context): Btf {
  const found = readTypes(() => typesOf(kernelBtf) ?? kernelBtfIfAny());
  if (found === undefined) {
    sayNoKernelBtf(log);
    throw new Refusal(ESRCH);
  }
  log.write(LOG_DEBUG, `loaded kernel BTF from '${SYSFS_BTF}'`);
  return found;
}

/** The types that stand in for the kernel's; a module that carries none for this kernel has none. */
function typesOf(kernelBtf: (() => Btf) | undefined): Btf | undefined {
  try {
    return kernelBtf?.();
  } catch (error) {
    if (error instanceof NoKernelBtfError) return undefined;
    throw error;
  }
}

/** The types in an ELF file, or the file itself. @param kind what it has to be */
function typesOfFile({ fds, log }: AbiV2Context, path: string, kind: number): Uint8Array {
  const bytes = readFile();
  if (kind !== FILE_ELF) {
    if (isBtf(bytes)) return bytes;
    if (bytes.length < MAGIC_BYTES) throw new Refusal(EIO);
    if (kind === FILE_RAW) throw new Refusal(EPROTO);
  }
  const section = elfFile(log, bytes, path).section(".BTF");
  if (section === undefined) {
    log.write(LOG_WARNING, `failed to find '.BTF' ELF section in ${path}`);
    throw new Refusal(ENODATA);
  }
  // Not a view: type records are read as aligned words, and the rest of the file is not needed.
  return section.data.slice();

  function readFile(): Uint8Array {
    try {
      return readGuestFile(fds, path);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const isDirectory = error.errno === EBADF || error.errno === EISDIR;
      if (kind !== FILE_ELF) throw isDirectory ? new Refusal(EIO) : error;
      log.write(
        LOG_WARNING,
        isDirectory
          ? `failed to open ${path} as ELF file`
          : `failed to open ${path}: ${errorText(error.errno)}`,
      );
      throw isDirectory ? new Refusal(LIBBPF_ERRNO_FORMAT) : error;
    }
  }
}

/**
 * The distilled base that the types of an ELF file are on top of.
 *
 * @throws {Refusal} ENOENT where there is none; what is wrong with the file is said when its types are read
 */
function baseOfFile({ fds }: AbiV2Context, path: string): Uint8Array {
  try {
    const bytes = readGuestFile(fds, path);
    const section = isBtf(bytes) ? undefined : parseElf(bytes).section(".BTF.base");
    if (section !== undefined) return section.data.slice();
  } catch (error) {
    if (!(error instanceof MalformedInputError || error instanceof Refusal)) throw error;
  }
  throw new Refusal(ENOENT);
}

function elfFile(log: GuestLog, bytes: Uint8Array, path: string): ElfFile {
  try {
    return parseElf(bytes);
  } catch (error) {
    if (!(error instanceof MalformedInputError)) throw error;
    log.write(LOG_WARNING, `failed to get EHDR from ${path}`);
    throw new Refusal(LIBBPF_ERRNO_FORMAT);
  }
}

/** Whether these are types without an ELF file around them, of either byte order. */
function isBtf(bytes: Uint8Array): boolean {
  const magic = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  return magic === 0xeb9f || magic === 0x9feb;
}

/** What the kernel itself has is public; of others' programs it is not. */
function openId(context: AbiV2Context, id: number, base: number, below: Btf | undefined): GuestBtf {
  const fd = btfFdById(id);
  if (fd < 0) throw new Refusal(-fd);
  try {
    const info = btfInfo(fd);
    if (typeof info === "number") throw new Refusal(-info);
    if (!info.kernel) requireKernel(context);
    if (info.name === "vmlinux") return new GuestBtf(kernelTypes(context), 0, id);
    const bytes = btfBytes(fd);
    if (typeof bytes === "number") throw new Refusal(-bytes);
    const own = info.kernel ? (below ?? kernelTypes(context)) : below;
    const types = readTypes(() => Btf.parse(bytes, own === undefined ? {} : { base: own }));
    return new GuestBtf(types, base, id);
  } finally {
    context.sys.close(fd);
  }
}
