import type { Btf } from "../../../btf/index.ts";
import type { BpfMap } from "../../../ebpf/index.ts";
import { EINVAL } from "../../../uapi/errno.ts";
import type { GuestObject } from "../guest-object.ts";

/** How a guest writes function pointers: program `i` of the object is `first + i * step`, none is 0. */
export interface FunctionNumbers {
  readonly first: bigint;
  readonly step: bigint;
}

const DEFAULT_NUMBERS: FunctionNumbers = { first: 1n, step: 1n };

/** The struct of a struct_ops map as the guest sees it: with numbers where programs are. */
export function guestStructOps(
  { programs }: GuestObject,
  map: BpfMap,
  { first, step }: FunctionNumbers = DEFAULT_NUMBERS,
): Uint8Array {
  const contents = map.initialValue?.slice() ?? new Uint8Array(0);
  const view = new DataView(contents.buffer);
  for (const [offset, name] of map.structOpsPrograms) {
    const index = programs.findIndex((program) => program.name === name);
    if (index >= 0) view.setBigUint64(offset, first + BigInt(index) * step, true);
  }
  return contents;
}

/** Takes the guest's struct: programs where its numbers are. @returns 0, or -EINVAL for a number that is no program */
export function setGuestStructOps(
  { object, programs }: GuestObject,
  map: BpfMap,
  { first, step }: FunctionNumbers = DEFAULT_NUMBERS,
  given: Uint8Array,
): number {
  const { structOps } = map.spec;
  const contents = map.initialValue;
  if (structOps === undefined || contents === undefined || object.spec.btf === undefined) return -EINVAL;
  const bytes = given.slice();
  const view = new DataView(bytes.buffer);
  const chosen = new Map<number, string | undefined>();
  for (const offset of functionPointers(object.spec.btf, structOps.typeId)) {
    if (offset + 8 > bytes.length) return -EINVAL;
    const number = view.getBigUint64(offset, true);
    const distance = number - first;
    const isProgram = number !== 0n && step !== 0n && distance >= 0n && distance % step === 0n;
    const program = isProgram ? programs[Number(distance / step)] : undefined;
    if (number !== 0n && program === undefined) return -EINVAL;
    chosen.set(offset, program?.name);
    view.setBigUint64(offset, 0n, true);
  }
  contents.set(bytes);
  for (const [offset, program] of chosen) map.setStructOpsProgram(offset, program);
  return 0;
}

/** Offsets of the members of a struct that point to functions. */
function functionPointers(btf: Btf, typeId: number): number[] {
  const type = btf.type(btf.resolve(typeId));
  if (type.kind !== "struct") return [];
  return type.members.flatMap(({ type: memberType, offsetBits }) => {
    const pointer = btf.type(btf.resolve(memberType));
    const isFunction = pointer.kind === "ptr" && btf.kind(btf.resolve(pointer.type)) === "func_proto";
    return isFunction ? [offsetBits / 8] : [];
  });
}
