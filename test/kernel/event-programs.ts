import {
  add64Imm,
  BPF_JEQ,
  BPF_JGT,
  BPF_JLT,
  BPF_JNE,
  BPF_W,
  callHelper,
  encodeInstructions,
  exit,
  type Instruction,
  jumpImm,
  load64Imm,
  loadMapFd,
  loadMem,
  mov64Imm,
  mov64Reg,
  R0,
  R1,
  R2,
  R3,
  R4,
  R5,
  R6,
  R7,
  R8,
  R10,
  slotCount,
  storeImm,
} from "../../src/asm/index.ts";
import { BpfAttr, checkedCall, getSys } from "../../src/sys/index.ts";
import {
  BPF_F_CURRENT_CPU,
  BPF_FUNC_map_lookup_elem,
  BPF_FUNC_perf_event_output,
  BPF_FUNC_ringbuf_discard,
  BPF_FUNC_ringbuf_output,
  BPF_FUNC_ringbuf_reserve,
  BPF_FUNC_skb_load_bytes,
  BPF_MAP_CREATE,
  BPF_MAP_TYPE_ARRAY,
  BPF_PROG_LOAD,
  BPF_PROG_TEST_RUN,
  BPF_PROG_TYPE_SOCKET_FILTER,
} from "../../src/uapi/bpf.ts";

/** Largest record these programs can send: what a test run accepts as a packet. */
export const MAX_RECORD = 3000;
const ETHERNET_HEADER = 14;
const SCRATCH_SIZE = 4096;

export function createMap(type: number, keySize: number, valueSize: number, maxEntries: number): number {
  const attr = new BpfAttr(72).u32(0, type).u32(4, keySize).u32(8, valueSize).u32(12, maxEntries);
  return checkedCall(getSys().bpf(BPF_MAP_CREATE, attr), "bpf(BPF_MAP_CREATE)", "Cannot create a map");
}

function load(instructions: Instruction[]): number {
  const code = encodeInstructions(instructions, true);
  const log = new Uint8Array(1 << 16);
  const attr = new BpfAttr(128)
    .u32(0, BPF_PROG_TYPE_SOCKET_FILTER)
    .u32(4, code.length / 8)
    .pointer(8, code)
    .cstring(16, "GPL")
    .u32(24, 1)
    .u32(28, log.length)
    .pointer(32, log);
  const result = getSys().bpf(BPF_PROG_LOAD, attr);
  return checkedCall(result, "bpf(BPF_PROG_LOAD)", new TextDecoder().decode(log.subarray(0, log.indexOf(0))));
}

/**
 * Sends a test run's packet, without its Ethernet header, as one record.
 *
 * r6 = packet, r7 = its length, r8 = scratch memory.
 */
function sender(scratch: number, output: Instruction[]): number {
  const send: Instruction[] = [
    mov64Reg(R8, R0),
    mov64Reg(R1, R6),
    mov64Imm(R2, 0),
    mov64Reg(R3, R8),
    mov64Reg(R4, R7),
    callHelper(BPF_FUNC_skb_load_bytes),
    ...output,
    exit(),
  ];
  const lookup: Instruction[] = [
    storeImm(BPF_W, R10, -4, 0),
    loadMapFd(R1, scratch),
    mov64Reg(R2, R10),
    add64Imm(R2, -4),
    callHelper(BPF_FUNC_map_lookup_elem),
    jumpImm(BPF_JEQ, R0, 0, slots(send)),
  ];
  return load([
    mov64Reg(R6, R1),
    loadMem(BPF_W, R7, R1, 0), // skb->len
    jumpImm(BPF_JGT, R7, SCRATCH_SIZE, 1 + slots(lookup) + slots(send)),
    // Not `== 0`: the verifier of 6.1 takes a lower bound from `<` only.
    jumpImm(BPF_JLT, R7, 1, slots(lookup) + slots(send)),
    ...lookup,
    ...send,
    mov64Imm(R0, 0),
    exit(),
  ]);
}

function slots(instructions: Instruction[]): number {
  return instructions.reduce((sum, one) => sum + slotCount(one), 0);
}

/** What {@link openSender} made; `close()` closes its descriptors. */
export interface Sender {
  /** Sends `record` as one event. @returns false when the kernel had no room for it */
  send(record: Uint8Array): boolean;
  close(): void;
}

function openSender(output: Instruction[]): Sender {
  const sys = getSys();
  const scratch = createMap(BPF_MAP_TYPE_ARRAY, 4, SCRATCH_SIZE, 1);
  try {
    const program = sender(scratch, output);
    return {
      send: (record) => run(program, record) === 0,
      close: () => sys.close(program),
    };
  } finally {
    sys.close(scratch);
  }
}

/** Sends records to a ring buffer with bpf_ringbuf_output. */
export function ringSender(ring: number): Sender {
  return openSender([
    loadMapFd(R1, ring),
    mov64Reg(R2, R8),
    mov64Reg(R3, R7),
    mov64Imm(R4, 0),
    callHelper(BPF_FUNC_ringbuf_output),
  ]);
}

/** Sends records to a perf buffer with bpf_perf_event_output. */
export function perfSender(map: number): Sender {
  return openSender([
    mov64Reg(R1, R6),
    loadMapFd(R2, map),
    load64Imm(R3, BigInt(BPF_F_CURRENT_CPU)),
    mov64Reg(R4, R8),
    mov64Reg(R5, R7),
    callHelper(BPF_FUNC_perf_event_output),
  ]);
}

/** A program that reserves `sizeBytes` in a ring buffer and discards them; the descriptor is the caller's. */
export function discarder(ring: number, sizeBytes: number): number {
  return load([
    loadMapFd(R1, ring),
    mov64Imm(R2, sizeBytes),
    mov64Imm(R3, 0),
    callHelper(BPF_FUNC_ringbuf_reserve),
    jumpImm(BPF_JNE, R0, 0, 2),
    mov64Imm(R0, 1),
    exit(),
    mov64Reg(R1, R0),
    mov64Imm(R2, 0),
    callHelper(BPF_FUNC_ringbuf_discard),
    mov64Imm(R0, 0),
    exit(),
  ]);
}

/** Runs a program once on a packet with `payload` after the Ethernet header. @returns what the program returned */
export function run(program: number, payload: Uint8Array): number {
  const packet = new Uint8Array(ETHERNET_HEADER + payload.length);
  packet.set(payload, ETHERNET_HEADER);
  const attr = new BpfAttr(80).u32(0, program).u32(8, packet.length).pointer(16, packet).u32(32, 1);
  checkedCall(getSys().bpf(BPF_PROG_TEST_RUN, attr), "bpf(BPF_PROG_TEST_RUN)", "Cannot run the program");
  return attr.u32At(4);
}

/** A record of `size` bytes that starts with `number` and whose other bytes follow from it. */
export function numbered(number: number, size: number): Uint8Array {
  const record = new Uint8Array(size);
  for (let i = 0; i < size; i++) record[i] = i < 4 ? (number >>> (8 * i)) & 255 : (number * 31 + i) & 255;
  return record;
}
