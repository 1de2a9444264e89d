import { NetlinkError } from "../../../link/index.ts";
import type { HostImport, HostImports } from "../../host-import.ts";
import type { AbiV2Context } from "../context.ts";
import { guestCall } from "../refusal.ts";
import { tc } from "./tc.ts";
import { xdp } from "./xdp.ts";

/** Programs of network interfaces without a link, see `docs/abi-v2.md`. */
export function networkImports(context: AbiV2Context): HostImports {
  const { interrupts, log } = context;

  /** What the kernel says about a refusal is shown, as libbpf does. */
  function netlink(run: (context: AbiV2Context, operation: number, request: number) => number): HostImport {
    return guestCall((operation, request) => {
      try {
        return interrupts.hostWork(() => run(context, operation, request));
      } catch (error) {
        if (error instanceof NetlinkError && error.explanation !== undefined) {
          log.write(0, `Kernel error message: ${error.explanation}`);
        }
        throw error;
      }
    });
  }

  return { tc: netlink(tc), xdp: netlink(xdp) };
}
