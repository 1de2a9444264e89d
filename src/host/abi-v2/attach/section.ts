import type { BpfProgram } from "../../../ebpf/index.ts";
import { EINVAL, EOPNOTSUPP } from "../../../uapi/errno.ts";
import type { AbiV2Context } from "../context.ts";
import {
  HOOK_ITERATOR,
  HOOK_KPROBE,
  HOOK_KPROBE_MULTI,
  HOOK_KSYSCALL,
  HOOK_LSM,
  HOOK_RAW_TRACEPOINT,
  HOOK_TRACEPOINT,
  HOOK_TRACING,
  HOOK_TRACING_MULTI,
  HOOK_UPROBE,
  HOOK_UPROBE_MULTI,
  HOOK_USDT,
  type LinkArguments,
  NO_ARGUMENTS,
} from "./arguments.ts";
import { refuse } from "./target.ts";

/** Hooks by their name in the table of sections, for kinds that attach by themselves. */
const HOOKS: Readonly<Record<string, number>> = {
  freplace: HOOK_TRACING,
  iter: HOOK_ITERATOR,
  kprobe: HOOK_KPROBE,
  kprobe_multi: HOOK_KPROBE_MULTI,
  ksyscall: HOOK_KSYSCALL,
  lsm: HOOK_LSM,
  raw_tracepoint: HOOK_RAW_TRACEPOINT,
  tp_btf: HOOK_TRACING,
  trace: HOOK_TRACING,
  tracepoint: HOOK_TRACEPOINT,
  tracing_multi: HOOK_TRACING_MULTI,
  uprobe: HOOK_UPROBE,
  uprobe_multi: HOOK_UPROBE_MULTI,
  usdt: HOOK_USDT,
};
/** Hooks whose target was fixed when the program was loaded. */
const FIXED: readonly number[] = [HOOK_TRACING, HOOK_LSM, HOOK_ITERATOR];

/**
 * What the name of a program's section says about where it attaches.
 *
 * @throws {Refusal} EOPNOTSUPP when it says nothing, EINVAL after a line when it cannot be understood
 */
export function sectionArguments(context: AbiV2Context, program: BpfProgram): LinkArguments {
  const { section } = program;
  const hook = section.autoAttach ? HOOKS[section.attachHook] : undefined;
  if (hook === undefined) return refuse(context, EOPNOTSUPP);
  const retprobe = /^u?k?ret/.test(section.name);
  const base: LinkArguments = {
    ...NO_ARGUMENTS,
    hook,
    retprobe,
    session: section.name.includes(".session"),
    target: -1,
  };
  if (FIXED.includes(hook)) return base;
  if (section.target === undefined) return refuse(context, EOPNOTSUPP);
  return { ...base, ...PARSERS[hook]?.(context, program, section.target) };
}

type Parse = (context: AbiV2Context, program: BpfProgram, target: string) => Partial<LinkArguments>;

const PARSERS: Readonly<Record<number, Parse>> = {
  [HOOK_TRACEPOINT]: (context, _program, target) => {
    const slash = target.indexOf("/");
    if (slash < 0) refuse(context, EINVAL);
    return { name1: target.slice(0, slash), name2: target.slice(slash + 1) };
  },
  [HOOK_RAW_TRACEPOINT]: (_context, _program, target) => ({ name1: target }),
  [HOOK_KPROBE]: parseKprobe,
  [HOOK_KPROBE_MULTI]: (context, program, target) => ({
    name1: prefix(context, target, /^[\w.*?]+/, `${multiKind(program)} pattern is invalid: ${target}`),
  }),
  [HOOK_TRACING_MULTI]: (context, _program, target) => ({
    name1: prefix(context, target, /^[\w.*?:]+/, `tracing multi pattern is invalid: ${target}`),
  }),
  [HOOK_KSYSCALL]: (_context, _program, target) => ({ name1: target }),
  [HOOK_UPROBE]: parseUprobe,
  [HOOK_UPROBE_MULTI]: (context, program, target) => {
    const [, binary, pattern] = /^([^:]+):(.+)$/s.exec(target) ?? [];
    if (binary === undefined || pattern === undefined) return invalidSection(context, program);
    return { name1: binary, name2: pattern };
  },
  [HOOK_USDT]: (context, program, target) => {
    const [, binary, provider, name] = /^([^:]+):([^:]+):([^:]+)/.exec(target) ?? [];
    if (binary === undefined || provider === undefined || name === undefined) {
      const { sectionName } = program.spec;
      const line = `invalid section '${sectionName}', expected SEC("usdt/<path>:<provider>:<name>")`;
      return refuse(context, EINVAL, line);
    }
    return { name1: binary, name2: provider, name3: name };
  },
};

function multiKind({ section }: BpfProgram): string {
  return section.name.includes(".session") ? "kprobe session" : "kprobe multi";
}

function parseKprobe(context: AbiV2Context, program: BpfProgram, target: string): Partial<LinkArguments> {
  const name = prefix(context, target, /^[a-zA-Z0-9_.]+/, `kprobe name is invalid: ${target}`);
  const offset = number(/^\+([-+]?(?:0x[0-9a-fA-F]+|\d+))/.exec(target.slice(name.length))?.[1] ?? "0");
  if (offset < 0n) {
    refuse(context, EINVAL, `kprobe offset must be a non-negative integer: ${offset}`);
  }
  if (offset !== 0n && program.section.name.startsWith("kret")) {
    refuse(context, EINVAL, "kretprobes do not support offset specification");
  }
  return { name1: name, offset };
}

function parseUprobe(context: AbiV2Context, program: BpfProgram, target: string): Partial<LinkArguments> {
  const { name, spec } = program;
  const [, binary, place] = /^([^:]+):(.+)$/s.exec(target) ?? [];
  if (binary === undefined || place === undefined) {
    const line = `prog '${name}': section '${spec.sectionName.replace(/^\?/, "")}' missing ':function[+offset]' specification`;
    return refuse(context, EINVAL, line);
  }
  const [, symbol = place, text = "0"] = /^(.*)\+(0x[0-9a-fA-F]+|\d+)$/s.exec(place) ?? [];
  const offset = number(text);
  if (offset !== 0n && program.section.name.startsWith("uret")) {
    refuse(context, EINVAL, `prog '${name}': uretprobes do not support offset specification`);
  }
  return { name1: binary, name2: symbol, offset };
}

function prefix(context: AbiV2Context, text: string, pattern: RegExp, line: string): string {
  return pattern.exec(text)?.[0] ?? refuse(context, EINVAL, line);
}

function invalidSection(context: AbiV2Context, program: BpfProgram): never {
  const { sectionName } = program.spec;
  return refuse(
    context,
    EINVAL,
    `prog '${program.name}': invalid format of section definition '${sectionName}'`,
  );
}

function number(text: string): bigint {
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text.replace("+", ""));
}
