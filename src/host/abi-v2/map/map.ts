import { createMap } from "../../../kernel/index.ts";
import { BpfAttr } from "../../../sys/index.ts";
import { BPF_MAP_FREEZE } from "../../../uapi/bpf.ts";
import { ENOENT } from "../../../uapi/errno.ts";
import type { HostImports } from "../../host-import.ts";
import { Block } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { optionalFd } from "../fd-resolver.ts";
import { GuestMap } from "../guest-map.ts";
import { guestMap, guestObject } from "../guest-object.ts";
import { addDescriptor, kernelDescriptor } from "../kernel-descriptor.ts";
import { guestCall, Refusal } from "../refusal.ts";
import { mapBatch } from "./batch.ts";
import { mapElementImports } from "./elements.ts";
import { mapSettingImports } from "./settings.ts";

const CREATE_BYTES = 80;

/** Maps of objects and others, see `docs/abi-v2.md`. */
export function mapImports(context: AbiV2Context): HostImports {
  const { memory, fds, sys } = context;

  function create(request: number): number {
    const block = new Block(memory, request, CREATE_BYTES);
    const name = block.text(8);
    const exclusiveHash = block.bytes(72, block.u32(76));
    const fd = createMap({
      type: block.u32(4),
      ...(name === undefined ? {} : { name }),
      keySizeBytes: block.u32(12),
      valueSizeBytes: block.u32(16),
      maxEntries: block.u32(20),
      flags: block.u32(24),
      numaNode: block.u32(28),
      mapExtra: block.u64(32),
      ifindex: block.u32(40),
      innerMapFd: optionalFd(fds, block.i32(44)),
      btfFd: optionalFd(fds, block.i32(48)),
      keyTypeId: block.u32(52),
      valueTypeId: block.u32(56),
      vmlinuxValueTypeId: block.u32(60),
      valueTypeBtfObjectFd: optionalFd(fds, block.i32(64)),
      tokenFd: optionalFd(fds, block.i32(68)),
      ...(exclusiveHash === undefined ? {} : { exclusiveHash }),
    });
    if (fd < 0) throw new Refusal(-fd);
    return addDescriptor(context, "map", fd, () => new GuestMap(fd));
  }

  return {
    ...mapSettingImports(context),
    ...mapElementImports(context),
    map_fd: guestCall((handle, index) => {
      const map = guestMap(context, handle, index);
      return map.loaded ? guestObject(context, handle).mapFd(map) : -ENOENT;
    }),
    map_create: guestCall((request) => create(request)),
    map_batch: guestCall((fd, operation, request) => mapBatch(context, fd, operation, request)),
    map_freeze: guestCall((fd) =>
      sys.bpf(BPF_MAP_FREEZE, new BpfAttr(4).u32(0, kernelDescriptor(fds, fd, "map").hostFd)),
    ),
  };
}
