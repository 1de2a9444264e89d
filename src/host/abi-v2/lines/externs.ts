import type { KconfigError, StructOpsError } from "../../../ebpf/index.ts";
import type { ExternSpec, ObjectSpec } from "../../../object/index.ts";
import { EINVAL, ERANGE, errnoName } from "../../../uapi/errno.ts";

/** What libbpf says of a value of the configuration that does not fit its variable. */
export function kconfigLines({ extern, type, value, source }: KconfigError): string[] {
  const head = `extern (kcfg) '${extern.name}':`;
  if (type === undefined) return [`${head} unrecognized virtual extern`];
  const [problem, errno] = kconfigProblem(type.kind, extern.sizeBytes, value);
  const lines = problem.endsWith("valid integer") ? [`failed to parse '${value}' as integer completely`] : [];
  lines.push(`${head} ${problem}`);
  if (source !== undefined) {
    lines.push(`error parsing ${source} Kconfig line '${extern.name}': -${errnoName(errno)}`);
  }
  return lines;
}

type Kind = NonNullable<KconfigError["type"]>["kind"];

function kconfigProblem(kind: Kind, sizeBytes: number, value: string | bigint): [string, number] {
  const shown = `value '${value}'`;
  const tooLarge: [string, number] = [`${shown} doesn't fit in ${sizeBytes} bytes`, ERANGE];
  if (typeof value === "bigint") {
    if (kind === "bool" && value > 1n) return [`${shown} isn't boolean compatible`, EINVAL];
    const isNumber = kind === "int" || kind === "char" || kind === "bool";
    return isNumber ? tooLarge : [`${shown} implies integer, char, or boolean type`, EINVAL];
  }
  if (/^[ynm]$/.test(value)) {
    const kinds = kind === "bool" ? "tristate or char" : "bool, tristate, or char";
    return [`${shown} implies ${kinds} type`, EINVAL];
  }
  if (value.startsWith('"')) {
    if (kind === "string") return [`invalid string config '${value}'`, EINVAL];
    return [`${shown} implies char array type`, EINVAL];
  }
  if (!/^-?(0x[0-9a-f]+|\d+)$/i.test(value)) return [`${shown} isn't a valid integer`, EINVAL];
  return kind === "int" || kind === "char" ? tooLarge : [`${shown} implies integer type`, EINVAL];
}

/** What libbpf says of a struct_ops map that this kernel cannot have. */
export function structOpsLine({ map, typeName, problem, member, sizes }: StructOpsError): string {
  switch (problem) {
    case "no type":
      return `struct_ops init_kern: struct bpf_struct_ops_${typeName} is not found in kernel BTF`;
    case "no data":
      return `struct_ops init_kern: struct ${typeName} data is not found in struct bpf_struct_ops_${typeName}`;
    case "no member":
      return `struct_ops init_kern ${map}: Cannot find member ${member} in kernel BTF`;
    case "bitfield":
      return `struct_ops init_kern ${map}: bitfield ${member} is not supported`;
    case "kind":
      return `struct_ops init_kern ${map}: Unmatched member type ${member} ${sizes[0]} != ${sizes[1]}(kernel)`;
    case "no function":
      return `struct_ops init_kern ${map}: kernel member ${member} is not a func ptr`;
    case "size":
      return `struct_ops init_kern ${map}: Error in size of member ${member}: ${sizes[0]} != ${sizes[1]}(kernel)`;
  }
}

/** Whether an extern has a type of its own, and is not a bare address. */
export function isTyped({ btf }: ObjectSpec, { typeId }: Pick<ExternSpec, "typeId">): boolean {
  return btf !== undefined && btf.kind(btf.resolve(typeId)) !== "void";
}
