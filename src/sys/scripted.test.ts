import assert from "node:assert/strict";
import { test } from "node:test";
import { BPF_MAP_CREATE, BPF_MAP_UPDATE_ELEM } from "../uapi/bpf.ts";
import { BpfAttr } from "./attr.ts";
import { scriptedSys } from "./scripted.ts";
import { getSys, setSys } from "./sys.ts";

test("a scripted kernel records attributes, answers errnos and knows what is open", () => {
  const sys = scriptedSys((call) => (call.command === BPF_MAP_UPDATE_ELEM ? -7 : undefined));
  setSys(sys);
  try {
    assert.equal(getSys(), sys);
    const attr = new BpfAttr(8).u32(0, 1);
    const fd = sys.bpf(BPF_MAP_CREATE, attr);
    attr.u32(0, 2);
    assert.equal(sys.bpfCalls(BPF_MAP_CREATE)[0]?.attr?.[0], 1, "the attribute as it was at the call");
    assert.deepEqual([...sys.openFds], [fd]);
    assert.equal(sys.bpf(BPF_MAP_UPDATE_ELEM, attr), -7);
    assert.equal(sys.close(fd), 0);
    assert.equal(sys.openFds.size, 0);
  } finally {
    setSys(undefined);
  }
});
