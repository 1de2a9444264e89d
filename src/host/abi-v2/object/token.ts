import { DEFAULT_PIN_ROOT } from "../../../ebpf/index.ts";
import { createToken } from "../../../kernel/index.ts";
import { ENOENT } from "../../../uapi/errno.ts";
import type { AbiV2Context } from "../context.ts";
import type { GuestObject } from "../guest-object.ts";
import { errorText } from "../lines/error-text.ts";
import { LOG_DEBUG, LOG_WARNING } from "../log.ts";
import { permissionMissing } from "../permission.ts";

/**
 * Makes the token that an object is loaded with, as libbpf does: from the directory that the guest names, or else from
 * the usual one, where it need not be had. With "" there is none.
 *
 * @returns 0 or -errno: EPERM for a directory of the guest's choice without `--allow-kernel`
 */
export function takeToken(context: AbiV2Context, { name, object, tokenPath }: GuestObject): number {
  const { log } = context;
  if (tokenPath === "") {
    log.write(LOG_DEBUG, `object '${name}': token is prevented, skipping...`);
    return 0;
  }
  if (tokenPath !== undefined && context.permissions.kernel !== true) {
    return -permissionMissing(context, "--allow-kernel", "load BPF objects with a token").errno;
  }
  const path = tokenPath ?? DEFAULT_PIN_ROOT;
  const token = createToken(path);
  if ("fd" in token) {
    object.useToken(token);
    return 0;
  }
  const { step, errno } = token;
  if (tokenPath === undefined && step === "create" && errno === ENOENT) {
    const why = "doesn't have BPF token delegation set up, skipping...";
    log.write(LOG_DEBUG, `object '${name}': BPF FS at '${path}' ${why}`);
    return 0;
  }
  const what =
    step === "open"
      ? `failed (${errorText(errno)}) to open BPF FS mount at`
      : `failed (-${errno}) to create BPF token from`;
  const level = tokenPath === undefined ? LOG_DEBUG : LOG_WARNING;
  const rest = tokenPath === undefined ? ", skipping optional step..." : "";
  log.write(level, `object '${name}': ${what} '${path}'${rest}`);
  return tokenPath === undefined ? 0 : -errno;
}
