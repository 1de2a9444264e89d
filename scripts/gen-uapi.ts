/**
 * Writes `src/uapi/{bpf,perf,errno,linux}.ts`: enums from the BTF of the running kernel, macros from the C
 * headers of this machine (package linux-libc-dev) through `cc -E`. Run after `npm run build`:
 *
 *     node dist/scripts/gen-uapi.js
 *
 * Needs a kernel at least as new as the one that the files name in their second line; numbers never change
 * from one kernel to the next, so an older kernel only knows fewer of them.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Btf } from "../src/btf/index.ts";

type Constants = Map<string, bigint>;

const root = resolve(import.meta.dirname, "../..");

/** Enums of `linux/bpf.h`, `linux/btf.h` and netfilter by name; nameless ones by their first member. */
const BPF_ENUMS = `
bpf_cmd bpf_map_type bpf_prog_type bpf_attach_type bpf_link_type bpf_perf_event_type bpf_func_id bpf_stats_type
bpf_cgroup_iter_order bpf_stack_build_id_status bpf_adj_room_mode bpf_hdr_start_off bpf_lwt_encap_mode
bpf_ret_code xdp_action sk_action tcx_action_base bpf_check_mtu_flags bpf_check_mtu_ret bpf_task_fd_type
bpf_core_relo_kind bpf_addr_space_cast bpf_cond_pseudo_jmp bpf_kfunc_flags btf_func_linkage nf_inet_hooks
nf_ip_hook_priorities
BPF_ANY BPF_F_NO_PREALLOC BPF_F_KPROBE_MULTI_RETURN BPF_F_UPROBE_MULTI_RETURN BPF_F_INDEX_MASK
BPF_F_GET_BRANCH_RECORDS_SIZE BPF_F_TIMER_ABS BPF_RB_NO_WAKEUP BPF_RB_AVAIL_DATA BPF_RINGBUF_BUSY_BIT
BPF_LOCAL_STORAGE_GET_F_CREATE BPF_F_INGRESS BPF_F_SKIP_FIELD_MASK BPF_F_SYSCTL_BASE_NAME
BPF_F_BPRM_SECUREEXEC BPF_SOCK_OPS_VOID BPF_SOCK_OPS_RTO_CB_FLAG BPF_FLOW_DISSECTOR_F_PARSE_1ST_FRAG
XDP_ATTACHED_NONE BPF_F_RECOMPUTE_CSUM BPF_F_HDR_FIELD_MASK BPF_F_PSEUDO_HDR BPF_F_TUNINFO_IPV6
BPF_F_ZERO_CSUM_TX BPF_F_TUNINFO_FLAGS BPF_F_CURRENT_NETNS BPF_CSUM_LEVEL_QUERY BPF_F_ADJ_ROOM_FIXED_GSO
BPF_ADJ_ROOM_ENCAP_L2_MASK BPF_SK_LOOKUP_F_REPLACE BPF_SKB_TSTAMP_UNSPEC BPF_LOAD_HDR_OPT_TCP_SYN
BPF_WRITE_HDR_TCP_CURRENT_MSS BPF_FIB_LOOKUP_DIRECT BPF_FIB_LKUP_RET_SUCCESS BPF_F_NEIGH BPF_TCP_ESTABLISHED
BTF_F_COMPACT BTF_KIND_UNKN BTF_VAR_STATIC`;

/** Enums of `linux/perf_event.h`. */
const PERF_ENUMS = `
perf_type_id perf_hw_id perf_hw_cache_id perf_hw_cache_op_id perf_hw_cache_op_result_id perf_sw_ids
perf_event_sample_format perf_branch_sample_type perf_event_read_format perf_event_ioc_flags perf_event_type
perf_sample_regs_abi perf_record_ksymbol_type perf_bpf_event_type perf_callchain_context`;

/**
 * Macros of `linux/bpf.h`. A value stands here when Debian's oldest supported header lacks the name; where the
 * header has it, both must agree.
 */
const BPF_MACROS = `
BPF_F_ALLOW_OVERRIDE BPF_F_ALLOW_MULTI BPF_F_REPLACE BPF_F_BEFORE=8 BPF_F_AFTER=16 BPF_F_ID=32
BPF_F_PREORDER=64 BPF_F_LINK=8192 BPF_F_STRICT_ALIGNMENT BPF_F_ANY_ALIGNMENT BPF_F_TEST_RND_HI32
BPF_F_TEST_STATE_FREQ BPF_F_SLEEPABLE BPF_F_XDP_HAS_FRAGS BPF_F_XDP_DEV_BOUND_ONLY=64
BPF_F_TEST_REG_INVARIANTS=128 BPF_F_NETFILTER_IP_DEFRAG=1 BPF_F_QUERY_EFFECTIVE BPF_F_TEST_RUN_ON_CPU
BPF_F_TEST_XDP_LIVE_FRAMES BPF_F_TEST_SKB_CHECKSUM_COMPLETE=4 BPF_PSEUDO_MAP_FD BPF_PSEUDO_MAP_IDX
BPF_PSEUDO_MAP_VALUE BPF_PSEUDO_MAP_IDX_VALUE BPF_PSEUDO_BTF_ID BPF_PSEUDO_FUNC BPF_PSEUDO_CALL
BPF_PSEUDO_KFUNC_CALL BPF_OBJ_NAME_LEN BPF_TAG_SIZE BPF_BUILD_ID_SIZE MAX_BPF_REG=11
BTF_MAGIC=60319 BTF_VERSION=1 BTF_INT_SIGNED=1 BTF_INT_CHAR=2 BTF_INT_BOOL=4`;

/** Macros of the perf headers. */
const PERF_MACROS = `
PERF_EVENT_IOC_ENABLE PERF_EVENT_IOC_DISABLE PERF_EVENT_IOC_REFRESH PERF_EVENT_IOC_RESET
PERF_EVENT_IOC_PERIOD PERF_EVENT_IOC_SET_OUTPUT PERF_EVENT_IOC_SET_FILTER PERF_EVENT_IOC_ID
PERF_EVENT_IOC_SET_BPF PERF_EVENT_IOC_PAUSE_OUTPUT PERF_EVENT_IOC_QUERY_BPF
PERF_EVENT_IOC_MODIFY_ATTRIBUTES PERF_FLAG_FD_NO_GROUP PERF_FLAG_FD_OUTPUT PERF_FLAG_PID_CGROUP
PERF_FLAG_FD_CLOEXEC PERF_ATTR_SIZE_VER0 PERF_ATTR_SIZE_VER5 PERF_ATTR_SIZE_VER7`;

/** Macros of the remaining headers, those only that have one value on x86-64 and arm64 (so no O_DIRECTORY). */
const LINUX_MACROS = `
O_RDONLY O_WRONLY O_RDWR O_CREAT O_EXCL O_TRUNC O_APPEND O_NONBLOCK O_CLOEXEC O_PATH F_GETFL F_SETFL
PROT_NONE PROT_READ PROT_WRITE PROT_EXEC MAP_SHARED MAP_PRIVATE MAP_FIXED MAP_ANONYMOUS MAP_POPULATE
EPOLLIN EPOLLOUT EPOLLERR EPOLLHUP EPOLLRDHUP EPOLLET EPOLLONESHOT EPOLL_CTL_ADD EPOLL_CTL_DEL EPOLL_CTL_MOD
EFD_CLOEXEC EFD_NONBLOCK EFD_SEMAPHORE RLIMIT_NOFILE RLIMIT_MEMLOCK
SIGHUP SIGINT SIGQUIT SIGKILL SIGUSR1 SIGUSR2 SIGPIPE SIGALRM SIGTERM SIGCHLD
AF_UNSPEC AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET SOCK_STREAM SOCK_DGRAM SOCK_RAW SOCK_CLOEXEC
SOCK_NONBLOCK SOL_SOCKET SO_ATTACH_BPF SO_DETACH_BPF SO_ATTACH_REUSEPORT_EBPF NETLINK_ROUTE
CLONE_NEWNET CLONE_NEWNS MS_NOSUID MS_NODEV MS_NOEXEC MS_RELATIME
BPF_FS_MAGIC TRACEFS_MAGIC DEBUGFS_MAGIC CGROUP_SUPER_MAGIC CGROUP2_SUPER_MAGIC
XDP_FLAGS_UPDATE_IF_NOEXIST XDP_FLAGS_SKB_MODE XDP_FLAGS_DRV_MODE XDP_FLAGS_HW_MODE XDP_FLAGS_REPLACE
TC_H_CLSACT TC_H_INGRESS TC_H_MIN_INGRESS TC_H_MIN_EGRESS`;

const HEADERS = `
linux/bpf.h linux/btf.h linux/perf_event.h linux/magic.h linux/if_link.h linux/netlink.h linux/pkt_sched.h errno.h
fcntl.h sched.h signal.h sys/epoll.h sys/eventfd.h sys/mman.h sys/mount.h sys/resource.h sys/socket.h`;

const words = (text: string): string[] => text.trim().split(/\s+/);
const includes = words(HEADERS)
  .map((header) => `#include <${header}>\n`)
  .join("");

function cc(args: string[], input: string): string {
  return execFileSync("cc", args, { input, encoding: "utf8", maxBuffer: 1 << 26 });
}

/** Members of every enum, keyed by its name or, when it is nameless, by its first member. */
function enumsOf(btf: Btf): Map<string, Constants> {
  const enums = new Map<string, Constants>();
  for (let id = 1; id < btf.typeCount; id++) {
    const kind = btf.kind(id);
    if (kind !== "enum" && kind !== "enum64") continue;
    const type = btf.type(id);
    if (type.kind !== "enum" && type.kind !== "enum64") continue;
    const key = type.name || type.values[0]?.name;
    if (key === undefined || enums.has(key)) continue;
    enums.set(key, new Map(type.values.map(({ name, value }) => [name, value])));
  }
  return enums;
}

/** Members of the listed enums; a member that counts the others (`__MAX_BPF_CMD`) is no stable number. */
function enumConstants(enums: Map<string, Constants>, list: string): Constants {
  const found: Constants = new Map();
  for (const key of words(list)) {
    const members = enums.get(key);
    if (members === undefined) throw new Error(`The kernel's BTF has no enum ${key}`);
    for (const [name, value] of members) {
      if (!/^_|_MAX$|^MAX_|_LAST$/.test(name)) found.set(name, value);
    }
  }
  return found;
}

/** Values of the listed macros, computed by the compiler. */
function macroConstants(list: string): Constants {
  const entries = words(list).map((word): [string, string | undefined] => {
    const [name = "", value] = word.split("=");
    return [name, value];
  });
  const defined = new Set(
    [...cc(["-E", "-dM", "-D_GNU_SOURCE", "-xc", "-"], includes).matchAll(/^#define (\w+) /gm)].map(
      (m) => m[1],
    ),
  );
  // A name without a value here and without a macro is an enumerator (EPOLLIN, SOCK_RAW): the compiler decides.
  const computable = entries.filter(([name, given]) => given === undefined || defined.has(name));
  const program = `${includes}#include <stdio.h>\nint main(void) {\n${computable
    .map(([name]) => `printf("${name} %lld\\n", (long long)(${name}));`)
    .join("\n")}\nreturn 0;\n}\n`;
  const folder = mkdtempSync(join(tmpdir(), "gen-uapi-"));
  const exe = join(folder, "values");
  cc(["-D_GNU_SOURCE", "-o", exe, "-xc", "-"], program);
  const computed = new Map(
    execFileSync(exe, { encoding: "utf8" })
      .trim()
      .split("\n")
      .map((line): [string, bigint] => [line.split(" ")[0] ?? "", BigInt(line.split(" ")[1] ?? "0")]),
  );
  rmSync(folder, { recursive: true });
  const found: Constants = new Map();
  for (const [name, given] of entries) {
    const value = computed.get(name) ?? (given === undefined ? undefined : BigInt(given));
    if (value === undefined) throw new Error(`No header defines ${name}`);
    if (given !== undefined && value !== BigInt(given)) throw new Error(`${name} is ${value}, not ${given}`);
    found.set(name, value);
  }
  return found;
}

function errnoConstants(): Constants {
  const found: [string, bigint][] = [];
  for (const match of cc(["-E", "-dM", "-xc", "-"], "#include <errno.h>\n").matchAll(
    /^#define (E\w+) (\d+)$/gm,
  )) {
    found.push([match[1] ?? "", BigInt(match[2] ?? "0")]);
  }
  found.push(["ENOTSUPP", 524n]); // kernel internal, but bpf(2) lets it out
  return new Map(found.sort(([, a], [, b]) => Number(a - b)));
}

function lines(constants: Constants): string {
  const literal = (value: bigint): string =>
    value >= -(2n ** 53n) && value <= 2n ** 53n ? `${value}` : `${value}n`;
  return [...constants].map(([name, value]) => `export const ${name} = ${literal(value)};\n`).join("");
}

function write(file: string, source: string, body: string): void {
  writeFileSync(
    join(root, "src/uapi", file),
    `// Generated by scripts/gen-uapi.ts; do not edit.\n// From ${source}.\n${body}`,
  );
}

const btf = enumsOf(Btf.parse(readFileSync("/sys/kernel/btf/vmlinux")));
const kernel = `Linux ${release().split(".").slice(0, 2).join(".")}`;
const bpf: Constants = new Map([...enumConstants(btf, BPF_ENUMS), ...macroConstants(BPF_MACROS)]);
const perf: Constants = new Map([...enumConstants(btf, PERF_ENUMS), ...macroConstants(PERF_MACROS)]);
const errno = errnoConstants();
write("bpf.ts", `the BTF of ${kernel} and linux/bpf.h`, lines(bpf));
write("perf.ts", `the BTF of ${kernel} and linux/perf_event.h`, lines(perf));
write(
  "linux.ts",
  "the C library's and the kernel's headers, numbers equal on x86-64 and arm64 only",
  lines(macroConstants(LINUX_MACROS)),
);
write(
  "errno.ts",
  "errno.h",
  `${lines(errno)}
const names: ReadonlyMap<number, string> = new Map([
${[...errno].map(([name, value]) => `  [${value}, "${name}"],\n`).join("")}]);

/**
 * Name of an errno value.
 *
 * @param errno positive number, as in \`-result\`
 * @returns for example \`"EPERM"\`, or \`"errno 4095"\` for a number that has no name
 */
export function errnoName(errno: number): string {
  return names.get(errno) ?? \`errno \${errno}\`;
}
`,
);
