import { callHelper, callSubprogram, exit } from "../asm/index.ts";
import { BtfBuilder } from "../btf/index.ts";
import { getSys } from "../sys/index.ts";
import { BPF_FUNC_get_socket_cookie, BPF_PROG_TYPE_SOCKET_FILTER } from "../uapi/bpf.ts";
import { answerOf, cachedFeature } from "./feature-cache.ts";
import { loadBtf } from "./load-btf.ts";
import { machineIsLittleEndian } from "./machine.ts";
import { loadProbeProgram } from "./probe.ts";

/** The tag `arg:ctx`, which makes a `void *` of a global function the program's context. Linux >= 6.8. */
export function haveContextArgumentTag(): boolean {
  return cachedFeature("BTF tag arg:ctx", () => {
    const builder = new BtfBuilder({ littleEndian: machineIsLittleEndian() });
    const int = builder.add({
      ...{ kind: "int", name: "int", sizeBytes: 4, signed: true },
      ...{ char: false, bool: false, offsetBits: 0, bits: 32 },
    });
    const pointer = builder.add({ kind: "ptr", type: 0 });
    const parameters = [{ name: "context", type: pointer }];
    const prototype = builder.add({ kind: "func_proto", returnType: int, parameters });
    const main = builder.add({ kind: "func", name: "main", type: prototype, linkage: "global" });
    const callee = builder.add({ kind: "func", name: "callee", type: prototype, linkage: "global" });
    builder.add({ kind: "decl_tag", name: "arg:ctx", type: callee, componentIndex: 0, attribute: false });
    const btfFd = loadBtf(builder.toBytes());
    if (btfFd < 0) return answerOf(btfFd);
    // The helper takes nothing but a context.
    const instructions = [callSubprogram(1), exit(), callHelper(BPF_FUNC_get_socket_cookie), exit()];
    const functionInfo = new Uint8Array(Uint32Array.of(0, main, 2, callee).buffer);
    const program = loadProbeProgram(BPF_PROG_TYPE_SOCKET_FILTER, instructions, { btfFd, functionInfo });
    getSys().close(btfFd);
    return answerOf(program);
  });
}
