import { endianness } from "node:os";

/** Whether this machine is little-endian: kernel interfaces use the machine's own byte order. */
export function machineIsLittleEndian(): boolean {
  return endianness() === "LE";
}
