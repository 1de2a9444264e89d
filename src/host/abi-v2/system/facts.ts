import { readFileSync } from "node:fs";
import { decodeCString, encodeText } from "../../../internal/index.ts";
import { kernelVersion, onlineCpus, parseCpuList, possibleCpuCount } from "../../../kernel/index.ts";
import { EINVAL, ENOENT } from "../../../uapi/errno.ts";
import { hostMask } from "../../wasi/index.ts";
import type { AbiV2Context } from "../context.ts";
import { Refusal } from "../refusal.ts";
import { taskCpu } from "./task.ts";

const LIBBPF_VERSION = (1 << 16) | 8;
/** Length of each field of `struct utsname`. */
const UNAME_BYTES = 65;
const UNAME_FIELDS = 6;

/** `system_info`: numbers about the machine and the process. @throws {Refusal} EINVAL */
export function systemInfo({ sys }: AbiV2Context, what: number): number {
  switch (what) {
    case 1:
      return possibleCpuCount();
    case 2:
      return onlineCpus().length;
    case 3:
      return parseCpuList(readText("/sys/devices/system/cpu/possible")).length;
    case 4:
      return sys.pageSize;
    case 5:
      return process.pid;
    case 6:
      return process.ppid;
    case 7:
      return process.geteuid?.() ?? 0;
    case 8:
      return process.getegid?.() ?? 0;
    case 9:
      return Number.parseInt(readText("/proc/sys/kernel/random/boot_id").slice(0, 8), 16) >>> 1;
    case 10:
      return kernelVersion();
    case 11:
      return LIBBPF_VERSION;
    case 12:
      return hostMask();
    case 13:
      return taskCpu();
    default:
      throw new Refusal(EINVAL);
  }
}

/** `system_text`. @throws {Refusal} EINVAL, ENOENT */
export function systemText(context: AbiV2Context, what: number): Uint8Array {
  if (what >= 1 && what <= UNAME_FIELDS) return encodeText(unameField(context, what - 1));
  switch (what) {
    case 7:
      return zoneFile(context.timeZone);
    case 8:
      return encodeText((context.permissions.read ?? false) === false ? "/" : process.cwd());
    default:
      throw new Refusal(EINVAL);
  }
}

function unameField({ sys }: AbiV2Context, index: number): string {
  const names = new Uint8Array(UNAME_BYTES * UNAME_FIELDS);
  const result = sys.uname(names);
  if (result < 0) throw new Refusal(-result);
  return decodeCString(names.subarray(index * UNAME_BYTES, (index + 1) * UNAME_BYTES));
}

/** The file that a time zone names; a rule such as `CET-1CEST` has none. @param zone value of TZ */
function zoneFile(zone: string | undefined): Uint8Array {
  const name = zone?.replace(/^:/, "");
  const path =
    name === undefined ? "/etc/localtime" : name.startsWith("/") ? name : `/usr/share/zoneinfo/${name}`;
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch {
    throw new Refusal(ENOENT);
  }
  if (decodeCString(bytes.subarray(0, 4)) !== "TZif") throw new Refusal(ENOENT);
  return bytes;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    throw new Refusal(ENOENT);
  }
}
