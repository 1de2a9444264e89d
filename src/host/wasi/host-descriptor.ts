import * as fs from "node:fs";
import { attempt, attemptVoid } from "./attempt.ts";
import { Descriptor, type FileStat } from "./descriptor.ts";
import { fileStatOf } from "./stat.ts";

/** A descriptor with an open file or directory of the host behind it, which it owns. */
export class HostDescriptor extends Descriptor {
  protected readonly hostFd: number;

  /** Takes over `hostFd`. */
  constructor(hostFd: number, fileType: number, rights: bigint, inheriting: bigint, flags = 0) {
    super(fileType, rights, inheriting, flags);
    this.hostFd = hostFd;
  }

  override hostStats(): fs.BigIntStats | number {
    return attempt(() => fs.fstatSync(this.hostFd, { bigint: true }));
  }

  override stat(): FileStat | number {
    const stats = this.hostStats();
    return typeof stats === "number" ? stats : fileStatOf(stats);
  }

  override close(): void {
    attemptVoid(() => fs.closeSync(this.hostFd));
  }
}
