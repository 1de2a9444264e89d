import { BTF_KIND_FUNC, Btf } from "../btf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { btfBytes, btfFdById, kernelBtf, ModuleBtfs, objectInfo } from "../kernel/index.ts";
import { attachName } from "../object/index.ts";
import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import { findOwn } from "./ksyms.ts";
import { MissingTargetError } from "./missing-error.ts";
import type { BpfProgram } from "./program.ts";

/** What the kernel is told about the place a program is to be attached to. */
export interface AttachBtf {
  readonly typeId: number;
  /** Fd of the target program or of a module's BTF; 0 for the kernel itself. */
  readonly fd: number;
}

/**
 * Finds the BTF type of a kernel function, tracepoint, LSM hook or iterator.
 *
 * @param target name, or `module:name` to look only in one module (`vmlinux` is the kernel itself)
 * @throws {WasmBpfError} code `NOT_FOUND` when this kernel has none of that name.
 */
export function findKernelTarget(
  program: string,
  target: string,
  attachType: number,
  modules: ModuleBtfs,
): AttachBtf {
  const { prefix, kind, what } = attachName(attachType);
  const separator = target.indexOf(":");
  const wantedModule = separator < 0 ? undefined : target.slice(0, separator);
  const name = prefix + target.slice(separator + 1);
  if (wantedModule === undefined || wantedModule === "vmlinux") {
    const id = kernelBtf().find(name, kind);
    if (id !== undefined) return { typeId: id, fd: 0 };
  }
  for (const module of wantedModule === "vmlinux" ? [] : modules.all()) {
    if (wantedModule !== undefined && module.name !== wantedModule) continue;
    const id = findOwn(module.btf, name, kind);
    if (id !== undefined) return { typeId: id, fd: module.fd };
  }
  const where = wantedModule === undefined ? "this kernel" : `module ${wantedModule}`;
  throw new MissingTargetError(
    program,
    target,
    `Cannot load program "${program}": there is no ${what} "${target.slice(separator + 1)}" in the BTF of ${where}`,
  );
}

/**
 * Looks whether a target that code has set is there, before load does.
 *
 * @throws {MissingTargetError} when it is not.
 */
export function checkAttachTarget(program: BpfProgram): void {
  const { functionName, programFd } = program.attachTarget;
  if (functionName === undefined) return;
  if (programFd !== undefined) {
    findProgramTarget(program.name, functionName, programFd);
    return;
  }
  using modules = new ModuleBtfs();
  findKernelTarget(program.name, functionName, program.expectedAttachType, modules);
}

/**
 * Finds a function of a loaded BPF program, for programs that extend or trace it.
 *
 * @throws {WasmBpfError} code `NOT_FOUND` when the program has no BTF or no such function.
 */
export function findProgramTarget(program: string, functionName: string, programFd: number): AttachBtf {
  const action = `Cannot load program "${program}": cannot read the target program`;
  const info = new BpfAttr(232);
  checkedCall(objectInfo(programFd, info), "bpf(BPF_OBJ_GET_INFO_BY_FD)", action);
  const btfId = info.u32At(128);
  if (btfId === 0) {
    throw new WasmBpfError("NOT_FOUND", `Cannot load program "${program}": the target program has no BTF`);
  }
  const btfFd = checkedCall(btfFdById(btfId), "bpf(BPF_BTF_GET_FD_BY_ID)", action);
  const bytes = btfBytes(btfFd);
  getSys().close(btfFd);
  if (typeof bytes === "number") {
    checkedCall(bytes, "bpf(BPF_OBJ_GET_INFO_BY_FD)", action);
  } else {
    const typeId = Btf.parse(bytes, { section: "target program BTF" }).find(functionName, BTF_KIND_FUNC);
    if (typeId !== undefined) return { typeId, fd: programFd };
  }
  throw new WasmBpfError(
    "NOT_FOUND",
    `Cannot load program "${program}": the target program has no function "${functionName}"`,
  );
}
