import { BTF_KIND_FUNC, BTF_KIND_VAR, type Btf, essentialName, typesAreCompatible } from "../btf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { kernelBtf, lookupKernelSymbols, type ModuleBtf, type ModuleBtfs } from "../kernel/index.ts";
import type { ExternSpec } from "../object/index.ts";
import type { LoadObserver } from "./load-observer.ts";
import { MissingExternError } from "./missing-error.ts";

/** Where the kernel has what an extern names. */
export type ResolvedKsym =
  | { readonly kind: "address"; readonly address: bigint }
  | {
      readonly kind: "btf";
      readonly typeId: number;
      /** Fd of the module's BTF, 0 for the kernel itself. */
      readonly btfFd: number;
      /** Place of that fd in the program's fd array; 0 for the kernel itself. Functions only. */
      readonly fdArrayIndex: number;
      /** `vmlinux` for the kernel itself. */
      readonly module: string;
    }
  | { readonly kind: "missing" };

/**
 * Finds kernel variables and functions that a program refers to. One is made per load: it hands out places in
 * the fd array of the loaded programs.
 */
export class KsymResolver {
  readonly #local: Btf;
  readonly #modules: ModuleBtfs;
  readonly #observer: LoadObserver;
  readonly #fds: number[] = [];
  readonly #resolved = new Map<string, ResolvedKsym>();

  constructor(local: Btf, modules: ModuleBtfs, observer: LoadObserver = {}) {
    this.#local = local;
    this.#modules = modules;
    this.#observer = observer;
  }

  /** Fds that calls of module functions refer to; `undefined` when there are none. */
  get fdArray(): Int32Array | undefined {
    // Index 0 means the kernel itself, so it is never used.
    return this.#fds.length === 0 ? undefined : Int32Array.of(0, ...this.#fds);
  }

  /**
   * Resolves externs in one go: /proc/kallsyms is read at most once.
   *
   * @throws {WasmBpfError} code `NOT_FOUND` when one that is not weak is not in this kernel,
   *   `INVALID_ARGUMENT` when it is there with another type.
   */
  resolve(externs: readonly ExternSpec[]): void {
    const symbols = externs.filter(({ kind, name }) => kind !== "kconfig" && !this.#resolved.has(name));
    this.#addresses(symbols.filter(({ typeId }) => this.#isUntyped(typeId)));
    for (const extern of symbols) {
      if (this.#isUntyped(extern.typeId)) continue;
      const isFunction = this.#local.kind(extern.typeId) === "func";
      this.#take(extern, isFunction ? this.#function(extern) : this.#variable(extern));
    }
  }

  #isUntyped(typeId: number): boolean {
    return this.#local.kind(this.#local.resolve(typeId)) === "void";
  }

  #take(extern: ExternSpec, found: ResolvedKsym): void {
    this.#resolved.set(extern.name, found);
    this.#observer.ksymResolved?.(extern, found);
  }

  /** What an earlier {@link resolve} found. */
  get(name: string): ResolvedKsym {
    return this.#resolved.get(name) ?? { kind: "missing" };
  }

  #addresses(externs: readonly ExternSpec[]): void {
    const symbols = lookupKernelSymbols(externs.map(({ name }) => name));
    // First those that are there, in the order of the file.
    const places = new Map([...symbols.keys()].map((name, place) => [name, place]));
    const placeOf = ({ name }: ExternSpec): number => places.get(name) ?? places.size;
    for (const extern of [...externs].sort((a, b) => placeOf(a) - placeOf(b))) {
      const found = symbols.get(extern.name) ?? [];
      const addresses = [...new Set(found.map(({ address }) => address))];
      const address = addresses[0];
      if (addresses.length > 1) {
        throw new WasmBpfError(
          "INVALID_ARGUMENT",
          `Kernel symbol "${extern.name}" is ambiguous: it is at ${addresses.map((at) => `0x${at.toString(16)}`).join(" and ")}`,
        );
      }
      if (address === undefined) {
        this.#take(extern, missing(extern, "/proc/kallsyms"));
        continue;
      }
      this.#take(extern, { kind: "address", address });
    }
  }

  #variable(extern: ExternSpec): ResolvedKsym {
    const found = this.#find(extern.name, BTF_KIND_VAR);
    if (found === undefined) return missing(extern, "the BTF of the kernel and its modules");
    const { btf, id, module } = found;
    const variable = btf.type(id);
    const targetType = variable.kind === "var" ? variable.type : 0;
    const localType = this.#local.resolve(extern.typeId);
    if (!typesAreCompatible(this.#local, localType, btf, btf.resolve(targetType))) {
      throw new WasmBpfError(
        "INVALID_ARGUMENT",
        `Kernel variable "${extern.name}" has another type in this kernel: the object says ${describe(this.#local, localType)}, the kernel ${describe(btf, btf.resolve(targetType))}`,
      );
    }
    return {
      kind: "btf",
      typeId: id,
      btfFd: module?.fd ?? 0,
      fdArrayIndex: 0,
      module: module?.name ?? "vmlinux",
    };
  }

  #function(extern: ExternSpec): ResolvedKsym {
    const found = this.#find(essentialName(extern.name), BTF_KIND_FUNC);
    if (found === undefined) return missing(extern, "the BTF of the kernel and its modules");
    const { btf, id, module } = found;
    const [local, target] = [this.#local.type(extern.typeId), btf.type(id)];
    const compatible =
      local.kind === "func" &&
      target.kind === "func" &&
      typesAreCompatible(this.#local, local.type, btf, target.type);
    if (!compatible) {
      if (extern.weak) return { kind: "missing" };
      throw new WasmBpfError(
        "INVALID_ARGUMENT",
        `Kernel function "${extern.name}" has another prototype in this kernel; declare it __weak to load anyway`,
      );
    }
    const btfFd = module?.fd ?? 0;
    const fdArrayIndex = module === undefined ? 0 : this.#fdIndex(btfFd);
    return { kind: "btf", typeId: id, btfFd, fdArrayIndex, module: module?.name ?? "vmlinux" };
  }

  #fdIndex(fd: number): number {
    const known = this.#fds.indexOf(fd);
    return known >= 0 ? known + 1 : this.#fds.push(fd);
  }

  #find(name: string, kind: number): { btf: Btf; id: number; module: ModuleBtf | undefined } | undefined {
    const btf = kernelBtf();
    const id = btf.find(name, kind);
    if (id !== undefined) return { btf, id, module: undefined };
    for (const module of this.#modules.all()) {
      const own = findOwn(module.btf, name, kind);
      if (own !== undefined) return { btf: module.btf, id: own, module };
    }
    return undefined;
  }
}

/** Like `btf.find`, but only among the types that a module adds. */
export function findOwn(btf: Btf, name: string, kind: number): number | undefined {
  return btf.findAll(name).find((id) => id >= btf.firstId && btf.kindNumber(id) === kind);
}

function missing(extern: ExternSpec, where: string): ResolvedKsym {
  if (extern.weak) return { kind: "missing" };
  throw new MissingExternError(
    extern,
    `Kernel ${extern.kind === "kfunc" ? "function" : "symbol"} "${extern.name}" is not in ${where}; declare it __weak to load without it`,
  );
}

function describe(btf: Btf, id: number): string {
  return `${btf.kind(id)} ${btf.name(id)}`.trim();
}
