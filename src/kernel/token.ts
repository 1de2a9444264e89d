import { constants } from "node:fs";
import { BpfAttr, getSys } from "../sys/index.ts";
import { BPF_TOKEN_CREATE } from "../uapi/bpf.ts";

/** A BPF token: BPF system calls that use it may do what the BPF file system it comes from delegates. Linux >= 6.9. */
export interface BpfToken {
  readonly fd: number;
  /** Answers of feature probes that were made with it. */
  readonly features: Map<string, boolean>;
}

let current: BpfToken | undefined;

/** Why there is no token: the directory cannot be opened, or it gives none. */
export interface NoToken {
  readonly step: "open" | "create";
  readonly errno: number;
}

/** Makes a token. @param path directory where a BPF file system is mounted */
export function createToken(path: string): BpfToken | NoToken {
  const sys = getSys();
  const directory = sys.open(path, constants.O_DIRECTORY);
  if (directory < 0) return { step: "open", errno: -directory };
  const fd = sys.bpf(BPF_TOKEN_CREATE, new BpfAttr(8).u32(4, directory));
  sys.close(directory);
  return fd < 0 ? { step: "create", errno: -fd } : { fd, features: new Map() };
}

/** Runs `action`; maps, programs and BTF that it makes, and features that it asks for, use the token. */
export function withToken<T>(token: BpfToken | undefined, action: () => T): T {
  const before = current;
  current = token;
  try {
    return action();
  } finally {
    current = before;
  }
}

/** The token that is used now. */
export function currentToken(): BpfToken | undefined {
  return current;
}
