import { readdirSync } from "node:fs";
import { Btf } from "../btf/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import { ENOENT, EPERM } from "../uapi/errno.ts";
import { haveModuleBtf } from "./btf-features.ts";
import { readFileIfAny } from "./files.ts";
import { kernelBtf } from "./kernel-btf.ts";
import { btfBytes, btfFdById, btfInfo, nextBtfId } from "./object-info.ts";

/** Names of the loaded kernel modules that have BTF. */
export function moduleNames(): string[] {
  try {
    return readdirSync("/sys/kernel/btf").filter((name) => name !== "vmlinux");
  } catch {
    return [];
  }
}

/** BTF of one loaded kernel module on top of the kernel's, `undefined` when there is none of that name. */
export function moduleBtf(name: string): Btf | undefined {
  if (!/^[\w-]+$/.test(name) || name === "vmlinux") return undefined;
  const bytes = readFileIfAny(`/sys/kernel/btf/${name}`);
  return bytes === undefined ? undefined : Btf.parse(bytes, { base: kernelBtf(), section: `${name} BTF` });
}

/** BTF of a module with the fd that refers to it in program loads. */
export interface ModuleBtf {
  readonly name: string;
  readonly fd: number;
  readonly btf: Btf;
}

/**
 * The BTF of all loaded kernel modules, fetched from the kernel on first use. Owns fds: close it when the
 * programs that need them are loaded. Requires Linux >= 5.11; older kernels have none.
 */
export class ModuleBtfs implements Disposable {
  #modules: ModuleBtf[] | undefined;

  all(): readonly ModuleBtf[] {
    this.#modules ??= openModules();
    return this.#modules;
  }

  close(): void {
    for (const { fd } of this.#modules ?? []) getSys().close(fd);
    this.#modules = [];
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function openModules(): ModuleBtf[] {
  const modules: ModuleBtf[] = [];
  if (!haveModuleBtf()) return modules;
  try {
    for (let id = nextBtfId(0); id !== -ENOENT && id !== -EPERM; id = nextBtfId(id)) {
      checkedCall(id, "bpf(BPF_BTF_GET_NEXT_ID)", "Cannot list the kernel's BTF objects");
      const module = openModule(id);
      if (module !== undefined) modules.push(module);
    }
  } catch (error) {
    for (const { fd } of modules) getSys().close(fd);
    throw error;
  }
  return modules;
}

function openModule(id: number): ModuleBtf | undefined {
  const fd = btfFdById(id);
  // Between two calls a program's BTF may have gone away.
  if (fd === -ENOENT) return undefined;
  checkedCall(fd, "bpf(BPF_BTF_GET_FD_BY_ID)", `Cannot open BTF object ${id}`);
  try {
    const info = btfInfo(fd);
    if (typeof info === "number" || !info.kernel || info.name === "vmlinux") {
      getSys().close(fd);
      return undefined;
    }
    const bytes = btfBytes(fd);
    if (typeof bytes === "number") {
      checkedCall(bytes, "bpf(BPF_OBJ_GET_INFO_BY_FD)", `Cannot read the BTF of module "${info.name}"`);
      return undefined;
    }
    return { name: info.name, fd, btf: Btf.parse(bytes, { base: kernelBtf(), section: `${info.name} BTF` }) };
  } catch (error) {
    getSys().close(fd);
    throw error;
  }
}
