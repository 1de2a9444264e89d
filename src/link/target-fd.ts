import { isOnBpfFileSystem, openPin } from "../ebpf/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import { O_RDONLY } from "../uapi/linux.ts";
import { type AttachRequest, attachAction, requiredTarget } from "./request.ts";

/**
 * Gives `use` the fd of the target: the one from the options, or that of the path, which is opened for that long. The
 * path of a pin opens what is pinned.
 *
 * @param what the target in words, for the message when there is none
 */
export function withTargetFd<T>(request: AttachRequest, what: string, use: (fd: number) => T): T {
  const { targetFd } = request.options;
  if (targetFd !== undefined) return use(targetFd);
  const sys = getSys();
  const path = requiredTarget(request, what);
  const fd = isOnBpfFileSystem(path)
    ? checkedCall(openPin(path), "bpf(BPF_OBJ_GET)", attachAction(request))
    : checkedCall(sys.open(path, O_RDONLY), "open", attachAction(request));
  try {
    return use(fd);
  } finally {
    sys.close(fd);
  }
}
