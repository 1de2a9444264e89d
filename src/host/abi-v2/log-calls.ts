import { EFAULT, EINVAL, EMSGSIZE } from "../../uapi/errno.ts";
import type { HostImports } from "../host-import.ts";
import { guestRange } from "./blocks.ts";
import type { AbiV2Context } from "./context.ts";
import { LOG_DEBUG, LOG_WARNING } from "./log.ts";
import { guestCall } from "./refusal.ts";

/** Imports of this family, see `docs/abi-v2.md`. */
export function logImports({ memory, log }: AbiV2Context): HostImports {
  return {
    log_bind: guestCall((pending) => (log.bind(pending) ? 0 : -EFAULT)),
    log_level: guestCall((level) =>
      level < LOG_WARNING || level > LOG_DEBUG ? -EINVAL : log.setLevel(level),
    ),
    log_take: guestCall((buf, size) => {
      const taken = log.take(size === 0 ? new Uint8Array(0) : guestRange(memory, buf, size >>> 0));
      return taken < 0 ? -EMSGSIZE : taken;
    }),
  };
}
