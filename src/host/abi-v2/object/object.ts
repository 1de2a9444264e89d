import type { Btf } from "../../../btf/index.ts";
import { BpfObject, type LoadObserver, type ObjectOptions } from "../../../ebpf/index.ts";
import { type ElfFile, parseElf } from "../../../elf/index.ts";
import { machineIsLittleEndian } from "../../../kernel/index.ts";
import { SystemCallError } from "../../../sys/index.ts";
import { EBADF, EINVAL, EISDIR, ENOENT, EOPNOTSUPP } from "../../../uapi/errno.ts";
import { errnoOf } from "../../abi-v1/index.ts";
import type { HostImports } from "../../host-import.ts";
import { Block, guestRange, sizedOutput } from "../blocks.ts";
import { fileTypes } from "../btf/guest-btf.ts";
import type { AbiV2Context } from "../context.ts";
import { readGuestFile } from "../guest-file.ts";
import { GuestObject, guestObject, guestProgram } from "../guest-object.ts";
import { errorText } from "../lines/error-text.ts";
import { TargetTypesError } from "../lines/failure.ts";
import { LoadLines } from "../lines/libbpf.ts";
import { probeLoading } from "../lines/memlock.ts";
import { sayNotOpened, sayOpened, sayOpening, sayUnusedDamage } from "../lines/open.ts";
import { LOG_WARNING } from "../log.ts";
import { requirePinRoot } from "../permission.ts";
import { PROGRAM_REQUEST_BYTES, programOverrides } from "../program/overrides.ts";
import { guestCall, Refusal } from "../refusal.ts";
import { describeObject } from "./description.ts";
import { takeToken } from "./token.ts";

const OPEN_BYTES = 48;
const OPEN_OWN_SECTIONS = 2;
/** libbpf's number for what libelf cannot read. */
const LIBBPF_ERRNO_LIBELF = 4000;
/** libbpf's number for an object of another byte order. */
const LIBBPF_ERRNO_ENDIAN = 4003;
/** What `bpf_object__name` keeps. */
const LONGEST_NAME = 15;

/** Opening, loading and closing objects, see `docs/abi-v2.md`. */
export function objectImports(context: AbiV2Context): HostImports {
  const { handles, memory, log, interrupts } = context;

  function open(request: number): number {
    const block = new Block(memory, request, OPEN_BYTES);
    const path = block.u32(4) === 0 ? block.text(12) : undefined;
    const given = block.text(16);
    const tokenPath = block.text(40);
    if (block.u32(4) === 0 && path === undefined) throw new Refusal(EINVAL);
    const fallback = path ?? `${block.u32(4).toString(16)}-${block.u32(8).toString(16)}`;
    const shownAs = path ?? given ?? fallback;
    sayOpening(log, shownAs, path !== undefined);
    const bytes =
      path === undefined ? guestRange(memory, block.u32(4), block.u32(8)).slice() : readObjectFile(path);
    const lines: { current?: LoadObserver } = {};
    const object = parse(bytes, shownAs, options(block, given ?? fallback, lines));
    let file: ElfFile | undefined;
    const elf = (): ElfFile => (file ??= parseElf(bytes));
    const refusal = sayUnusedDamage(log, bytes, elf(), shownAs);
    if (refusal !== undefined) {
      object.close();
      throw new Refusal(refusal);
    }
    const owner = new GuestObject(context, object, (given ?? baseName(fallback)).slice(0, LONGEST_NAME));
    sayOpened(log, owner, elf, shownAs, (block.u32(20) & OPEN_OWN_SECTIONS) !== 0);
    owner.tokenPath = tokenPath;
    owner.lines = new LoadLines(log, owner, elf, shownAs);
    lines.current = owner.lines;
    return handles.add(owner);
  }

  function readObjectFile(path: string): Uint8Array {
    try {
      return readGuestFile(context.fds, path);
    } catch (error) {
      if (error instanceof Refusal && (error.errno === EBADF || error.errno === EISDIR)) {
        log.write(LOG_WARNING, `elf: failed to open ${path} as ELF file: invalid file descriptor`);
        throw new Refusal(LIBBPF_ERRNO_LIBELF);
      }
      if (error instanceof Refusal) {
        log.write(LOG_WARNING, `elf: failed to open ${path}: ${errorText(error.errno)}`);
      }
      throw error;
    }
  }

  function parse(bytes: Uint8Array, shownAs: string, asked: ObjectOptions): BpfObject {
    try {
      return BpfObject.open(bytes, asked);
    } catch (error) {
      const errno = sayNotOpened(log, bytes, shownAs, error);
      if (errno === EOPNOTSUPP) context.report(error);
      throw new Refusal(errno);
    }
  }

  function options(block: Block, name: string, lines: { current?: LoadObserver }): ObjectOptions {
    const btfPath = block.text(28);
    const kernelBtf = btfPath === undefined ? context.kernelBtf : typesOf(btfPath);
    const pinRoot = block.text(24);
    if (pinRoot !== undefined) requirePinRoot(context, pinRoot);
    const kconfig = block.text(32);
    return {
      name,
      kernelLogLevel: block.u32(36),
      ...(kernelBtf === undefined ? {} : { kernelBtf }),
      ...(pinRoot === undefined ? {} : { pinRoot }),
      ...(kconfig === undefined ? {} : { kconfig }),
      observer: {
        structOpsFound: (map, type, valueType) => lines.current?.structOpsFound?.(map, type, valueType),
        structOpsMember: (map, member) => lines.current?.structOpsMember?.(map, member),
        kconfigResolved: (extern, value) => lines.current?.kconfigResolved?.(extern, value),
        ksymResolved: (extern, found) => lines.current?.ksymResolved?.(extern, found),
        adapting: (targets) => lines.current?.adapting?.(targets),
        mapPinned: (map) => lines.current?.mapPinned?.(map),
        mapReady: (map, how) => lines.current?.mapReady?.(map, how),
        mapUntyped: (map, errno) => lines.current?.mapUntyped?.(map, errno),
        mapSkipped: (map) => lines.current?.mapSkipped?.(map),
        mapRefused: (map, error) => lines.current?.mapRefused?.(map, error),
        mapUnpinned: (map) => lines.current?.mapUnpinned?.(map),
        slotRefused: (map, slot, wanted) => lines.current?.slotRefused?.(map, slot, wanted),
        programLoading: (program) => lines.current?.programLoading?.(program),
        slotFilled: (map, slot, filled) => lines.current?.slotFilled?.(map, slot, filled),
        programLoaded: (program) => lines.current?.programLoaded?.(program),
        programsLoaded: () => lines.current?.programsLoaded?.(),
        programRefused: (program, errno, text) => lines.current?.programRefused?.(program, errno, text),
      },
    };
  }

  /** The types of a file, read when they are needed first; what is wrong with it is said once. */
  function typesOf(path: string): () => Btf {
    let known: Btf | TargetTypesError | undefined;
    return () => {
      known ??= readTargetTypes(path);
      if (known instanceof TargetTypesError) throw known;
      return known;
    };
  }

  function readTargetTypes(path: string): Btf | TargetTypesError {
    try {
      return fileTypes(context, path);
    } catch (error) {
      const errno = error instanceof Refusal ? error.errno : errnoOf(error);
      return new TargetTypesError(errno, { cause: error });
    }
  }

  /** The two steps of the load; when one fails, everything is closed and the handle stays. */
  function load(handle: number, whole: boolean): number {
    const owner = guestObject(context, handle);
    if (owner.object.closed || (whole ? owner.object.loaded : owner.object.prepared)) {
      owner.lines?.attemptedTwice(whole);
      return -EINVAL;
    }
    const { object } = owner;
    const { prepared } = object;
    if (whole && object.spec.littleEndian !== machineIsLittleEndian()) {
      owner.lines?.foreignByteOrder();
      return -LIBBPF_ERRNO_ENDIAN;
    }
    const refusal = prepared ? 0 : beforePrepare(owner);
    if (refusal !== 0) {
      owner.release();
      return refusal;
    }
    const result = prepared
      ? 0
      : step(owner, false, () => {
          owner.beforeLoad();
          owner.lines?.preparing();
          object.prepare();
          owner.afterLoad();
        });
    if (result < 0 || !whole) return result;
    return step(owner, true, () => object.load());
  }

  /** The token, and whether anything can be loaded at all. @returns 0 or -errno */
  function beforePrepare(owner: GuestObject): number {
    const noToken = takeToken(context, owner);
    if (noToken !== 0) return noToken;
    const refusal = owner.object.withToken(() => probeLoading(log));
    if (refusal === 0) return 0;
    context.report(new SystemCallError(refusal, "bpf(BPF_PROG_LOAD)", "Cannot load BPF programs"));
    return -refusal;
  }

  /** Loads one program of an object that is prepared, as the guest says, or closes everything as it says. */
  function loadProgram(handle: number, index: number, request: number): number {
    const owner = guestObject(context, handle);
    const program = guestProgram(context, handle, index);
    const { object } = owner;
    if (!object.prepared || object.loaded || program.loaded) return -EINVAL;
    // What the guest wants loaded may be of a struct_ops map that is not created.
    if (!program.autoload) return 0;
    const block = request === 0 ? undefined : new Block(memory, request, PROGRAM_REQUEST_BYTES);
    const refusal = block?.u32(4) ?? 0;
    if (refusal !== 0) {
      owner.lines?.programNotPrepared(program, refusal);
      owner.lines?.failed(new Refusal(refusal), true);
      owner.release();
      return -refusal;
    }
    const overrides = block === undefined ? undefined : programOverrides(context, block);
    return step(owner, true, () => object.loadProgram(program, overrides));
  }

  /** @returns 0 or -errno: then everything is closed */
  function step(owner: GuestObject, prepared: boolean, action: () => void): number {
    try {
      action();
      return 0;
    } catch (error) {
      owner.release();
      if (error instanceof Refusal) throw error;
      const errno = owner.lines?.failed(error, prepared) ?? errnoOf(error);
      context.report(error);
      return -errno;
    }
  }

  return {
    object_open: guestCall((request) => open(request)),
    object_describe: guestCall((handle, at, size) =>
      sizedOutput(memory, at, size, describeObject(guestObject(context, handle))),
    ),
    object_prepare: guestCall((handle) => interrupts.hostWork(() => load(handle, false))),
    object_load: guestCall((handle) => interrupts.hostWork(() => load(handle, true))),
    object_load_program: guestCall((handle, index, request) =>
      interrupts.hostWork(() => loadProgram(handle, index, request)),
    ),
    object_btf_fd: guestCall((handle) => {
      const owner = guestObject(context, handle);
      return owner.object.btfFd < 0 ? -ENOENT : owner.btfFd();
    }),
    object_token_fd: guestCall((handle) => {
      const owner = guestObject(context, handle);
      return owner.object.tokenFd < 0 ? -ENOENT : owner.tokenFd();
    }),
    object_close: guestCall((handle) =>
      interrupts.hostWork(() => (handles.close(handle, GuestObject) ? 0 : -EBADF)),
    ),
  };
}

/** As libbpf names an object after its file. */
function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).split(".")[0] ?? "";
}
