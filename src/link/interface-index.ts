import { getSys } from "../sys/index.ts";
import { type AttachRequest, attachError, requiredTarget } from "./request.ts";

/** Index of the network interface that the target names, by name or number. */
export function interfaceIndex(request: AttachRequest): number {
  const name = requiredTarget(request, "a network interface, such as eth0");
  const index = getSys().ifNameToIndex(name);
  if (index > 0) return index;
  if (/^[1-9]\d{0,8}$/.test(name)) return Number(name);
  throw attachError(request, "NOT_FOUND", "this network namespace has no interface of that name");
}
