import { usdtProbes } from "../../../elf/index.ts";
import { WasmBpfError } from "../../../internal/index.ts";
import { type Attachment, attachUsdt as attachProbes } from "../../../link/index.ts";
import { SystemCallError } from "../../../sys/index.ts";
import { EINVAL, ENOENT, ESRCH } from "../../../uapi/errno.ts";
import { errnoOf } from "../../abi-v1/index.ts";
import { errorText } from "../lines/error-text.ts";
import { Refusal } from "../refusal.ts";
import type { LinkArguments } from "./arguments.ts";
import { binaryPath, withBinary } from "./elf.ts";
import { type AttachTarget, refuse } from "./target.ts";

/** Objects without the maps that static probes need. */
const unprepared = new WeakSet<object>();

const NOTES = ".note.stapsdt";

/** A static probe: every place of it, with what the program needs to read its arguments. */
export function attachUsdt(target: AttachTarget, args: LinkArguments): Attachment {
  const { context, name, program } = target;
  const { name1, name2: provider, name3: probe, cookie, target: pid } = args;
  if (name1 === undefined) throw new Refusal(EINVAL);
  const path = binaryPath(context, name1, `prog '${name}': failed to resolve full path for`);
  if (!program.objectMaps.has("__bpf_usdt_specs") || !program.objectMaps.has("__bpf_usdt_ip_to_spec_id")) {
    const line = "usdt: failed to find USDT support BPF maps, did you forget to include bpf/usdt.bpf.h?";
    // NB: libbpf looks once.
    if (unprepared.has(program.objectMaps)) throw new Refusal(ESRCH);
    unprepared.add(program.objectMaps);
    return refuse(context, ESRCH, line);
  }
  if (provider === undefined || probe === undefined) throw new Refusal(EINVAL);
  const found = withBinary(context, path, (file) => {
    if (file.section(NOTES) === undefined) {
      return refuse(context, ENOENT, `usdt: no USDT notes section (${NOTES}) found in '${path}'`);
    }
    return usdtProbes(file).some((one) => one.provider === provider && one.name === probe);
  });
  if (!found || provider.includes(":") || probe.includes(":")) throw new Refusal(ENOENT);
  try {
    return attachProbes({
      program,
      target: `${path}:${provider}:${probe}`,
      options: {
        ...(cookie === 0n ? {} : { cookie }),
        ...(pid < 0 ? {} : { pid: pid === 0 ? process.pid : pid }),
      },
    });
  } catch (error) {
    if (!(error instanceof WasmBpfError)) throw error;
    if (!(error instanceof SystemCallError)) {
      context.report(error);
      throw new Refusal(errnoOf(error));
    }
    const line = `usdt: failed to attach uprobe #0 for '${provider}:${probe}' in '${path}'`;
    return refuse(context, error.errno, `${line}: ${errorText(error.errno)}`);
  }
}
