import * as uapi from "../../uapi/bpf.ts";

/** Names of the kernel's constants with a prefix, by number, in lower case and without the prefix. */
function namesOf(prefix: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const [name, value] of Object.entries(uapi)) {
    if (name.startsWith(prefix) && !name.endsWith("_DEPRECATED")) {
      names.set(value, name.slice(prefix.length).toLowerCase());
    }
  }
  return names;
}

let helpers: Map<number, string> | undefined;

/** Name of a helper, such as `bpf_map_lookup_elem`; `undefined` for a number newer than this package. */
export function helperName(id: number): string | undefined {
  helpers ??= namesOf("BPF_FUNC_");
  const name = helpers.get(id);
  return name === undefined ? undefined : `bpf_${name}`;
}

/** `hash` for `BPF_MAP_TYPE_HASH`. */
export function mapTypeName(type: number): string {
  return namesOf("BPF_MAP_TYPE_").get(type) ?? `type ${type}`;
}

/** `xdp` for `BPF_PROG_TYPE_XDP`. */
export function programTypeName(type: number): string {
  return namesOf("BPF_PROG_TYPE_").get(type) ?? `type ${type}`;
}

/** Names of the flags of a map, such as `mmapable`; those that are not known as one hexadecimal number. */
export function mapFlagNames(flags: number): string[] {
  const known = {
    no_prealloc: uapi.BPF_F_NO_PREALLOC,
    no_common_lru: uapi.BPF_F_NO_COMMON_LRU,
    numa_node: uapi.BPF_F_NUMA_NODE,
    rdonly: uapi.BPF_F_RDONLY,
    wronly: uapi.BPF_F_WRONLY,
    rdonly_prog: uapi.BPF_F_RDONLY_PROG,
    wronly_prog: uapi.BPF_F_WRONLY_PROG,
    clone: uapi.BPF_F_CLONE,
    mmapable: uapi.BPF_F_MMAPABLE,
    preserve_elems: uapi.BPF_F_PRESERVE_ELEMS,
    inner_map: uapi.BPF_F_INNER_MAP,
  };
  const names = Object.entries(known).flatMap(([name, flag]) => ((flags & flag) !== 0 ? [name] : []));
  const rest = Object.values(known).reduce((left, flag) => left & ~flag, flags);
  return rest === 0 ? names : [...names, `0x${(rest >>> 0).toString(16)}`];
}
