/** Runs the newest program `fill` in the kernel, whoever loaded it: it fills its ring buffer. */
import { BpfAttr, checkedCall, getSys } from "../src/sys/index.ts";
import {
  BPF_OBJ_GET_INFO_BY_FD,
  BPF_PROG_GET_FD_BY_ID,
  BPF_PROG_GET_NEXT_ID,
  BPF_PROG_TEST_RUN,
} from "../src/uapi/bpf.ts";

const INFO_SIZE_BYTES = 232;
const INFO_NAME_OFFSET = 64;

/** @returns an fd of the program with the highest id that has the name */
export function newestProgram(name: string): number {
  const sys = getSys();
  const attr = new BpfAttr(12);
  let newest = -1;
  for (let id = 0; sys.bpf(BPF_PROG_GET_NEXT_ID, attr.u32(0, id)) >= 0; ) {
    id = attr.u32At(4);
    const fd = sys.bpf(BPF_PROG_GET_FD_BY_ID, new BpfAttr(12).u32(0, id));
    if (fd < 0) continue;
    const info = new Uint8Array(INFO_SIZE_BYTES);
    const query = new BpfAttr(16).u32(0, fd).u32(4, info.length).pointer(8, info);
    checkedCall(
      sys.bpf(BPF_OBJ_GET_INFO_BY_FD, query),
      "bpf(BPF_OBJ_GET_INFO_BY_FD)",
      "Cannot ask about a program",
    );
    const end = info.indexOf(0, INFO_NAME_OFFSET);
    if (new TextDecoder().decode(info.subarray(INFO_NAME_OFFSET, end)) === name) {
      if (newest >= 0) sys.close(newest);
      newest = fd;
    } else {
      sys.close(fd);
    }
  }
  if (newest < 0) throw new Error(`no program ${name} is loaded`);
  return newest;
}

export function runOnce(programFd: number): void {
  const packet = new Uint8Array(64);
  const attr = new BpfAttr(80).u32(0, programFd).u32(8, packet.length).pointer(16, packet).u32(32, 1);
  checkedCall(getSys().bpf(BPF_PROG_TEST_RUN, attr), "bpf(BPF_PROG_TEST_RUN)", "Cannot fill the ring buffer");
}
