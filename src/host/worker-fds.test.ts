import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfAttr } from "../sys/index.ts";
import { scriptedSys } from "../sys/scripted.ts";
import { BPF_MAP_CREATE } from "../uapi/bpf.ts";
import { closeTracked, fdBoard, trackFds } from "./worker-fds.ts";

test("what a terminated worker had open is closed, whatever call opened it", () => {
  const kernel = scriptedSys();
  const board = fdBoard();
  const sys = trackFds(kernel, board);
  const opened = [
    sys.bpf(BPF_MAP_CREATE, new BpfAttr(72)),
    sys.perfEventOpen(new Uint8Array(120), -1, 0, -1, 0),
    sys.open("/sys/fs/cgroup", 0),
    sys.dup(1000),
    sys.epollCreate(),
    sys.eventfd(0, 0),
    sys.socket(16, 3, 0),
    sys.pidfdOpen(1),
    sys.mountDetached("tracefs"),
  ];
  assert.deepEqual([...kernel.openFds], opened);
  assert.equal(sys.close(opened[0] ?? -1), 0);
  closeTracked(kernel, board);
  assert.deepEqual([...kernel.openFds], []);
  const closes = kernel.calls.filter(({ name }) => name === "close").map(({ args }) => args[0]);
  assert.deepEqual(closes, opened);
});
