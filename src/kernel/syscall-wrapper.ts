import { BTF_KIND_FUNC } from "../btf/index.ts";
import { cachedFeature } from "./feature-cache.ts";
import { lookupKernelSymbols } from "./kallsyms.ts";
import { kernelBtfIfAny } from "./kernel-btf.ts";

const PREFIXES: Readonly<Record<string, string>> = {
  x64: "x64",
  arm64: "arm64",
  s390x: "s390x",
  riscv64: "riscv",
};

/** Symbol prefix of system calls that take a `struct pt_regs` here: `x64` in `__x64_sys_bpf`. */
export function syscallWrapperPrefix(): string | undefined {
  return PREFIXES[process.arch];
}

/** Whether system calls have wrappers named `__<prefix>_sys_<name>`. Linux >= 4.17 on x86-64. */
export function haveSyscallWrapper(): boolean {
  return cachedFeature("syscall wrapper", () => {
    const prefix = syscallWrapperPrefix();
    if (prefix === undefined) return false;
    const symbol = `__${prefix}_sys_bpf`;
    if (kernelBtfIfAny()?.find(symbol, BTF_KIND_FUNC) !== undefined) return true;
    return lookupKernelSymbols([symbol]).has(symbol);
  });
}
