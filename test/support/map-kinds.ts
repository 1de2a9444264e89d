import { BpfObject } from "../../src/ebpf/index.ts";
import { kernelVersion, versionCode } from "../../src/kernel/index.ts";
import { testdata } from "./testdata.ts";

/** The object with a map of every type, not loaded yet, without what this kernel is too old for. */
export function openMapKinds(): BpfObject {
  const object = BpfObject.open(testdata("map-kinds.bpf.o"));
  if (kernelVersion() < versionCode(6, 2, 0)) object.map("cgroup_storage").configure({ autocreate: false });
  return object;
}
