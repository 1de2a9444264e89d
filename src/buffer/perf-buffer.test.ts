import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { type Answer, type ScriptedSys, scriptedSys } from "../sys/scripted.ts";
import { setSys } from "../sys/sys.ts";
import { BPF_MAP_DELETE_ELEM, BPF_MAP_UPDATE_ELEM } from "../uapi/bpf.ts";
import { EACCES, EINVAL, ENODEV, ENOMEM } from "../uapi/errno.ts";
import { onlineCpus, parseCpuList } from "./online-cpus.ts";
import { PerfBuffer } from "./perf-buffer.ts";
import { RingBuffer } from "./ring-buffer.ts";

function scripted(answer: Answer): ScriptedSys {
  const sys = scriptedSys(answer);
  setSys(sys);
  return sys;
}

afterEach(() => setSys(undefined));

const map = { fd: 900, maxEntries: 4096 };
const cpus = onlineCpus();

test("CPU lists of sysfs", () => {
  assert.deepEqual(parseCpuList("0\n"), [0]);
  assert.deepEqual(parseCpuList("0-2,5,7-8\n"), [0, 1, 2, 5, 7, 8]);
  assert.deepEqual(parseCpuList("\n"), []);
});

test("opening puts one event per CPU into the map, closing takes them out and closes everything", () => {
  const sys = scripted(() => undefined);
  const buffer = new PerfBuffer(map);
  assert.deepEqual(buffer.cpus, cpus);
  assert.equal(sys.bpfCalls(BPF_MAP_UPDATE_ELEM).length, cpus.length);
  assert.equal(sys.openFds.size, cpus.length + 1);
  buffer.close();
  buffer.close();
  assert.equal(sys.bpfCalls(BPF_MAP_DELETE_ELEM).length, cpus.length);
  assert.equal(sys.openFds.size, 0);
});

test("a CPU that goes offline is left out", () => {
  const sys = scripted((call) => (call.name === "perfEventOpen" && call.args[2] === 0 ? -ENODEV : undefined));
  const buffer = new PerfBuffer(map);
  assert.deepEqual(buffer.cpus, cpus.slice(1));
  buffer.close();
  assert.equal(sys.openFds.size, 0);
});

for (const [name, errno] of [
  ["perfEventOpen", EACCES],
  ["mmap", ENOMEM],
  ["ioctl", EINVAL],
  ["epollCtl", ENOMEM],
] as const) {
  test(`nothing stays open when ${name} is refused for the last CPU`, () => {
    let calls = 0;
    const sys = scripted((call) => (call.name === name && ++calls === cpus.length ? -errno : undefined));
    assert.throws(() => new PerfBuffer(map), { name: "SystemCallError", errno });
    assert.equal(sys.openFds.size, 0);
    const count = (method: string): number => sys.calls.filter((call) => call.name === method).length;
    const refused = name === "mmap" ? 1 : 0;
    assert.equal(count("munmap"), count("mmap") - refused);
  });
}

test("a ring buffer whose data can't be mapped leaves no mapping", () => {
  const sys = scripted((call) => (call.name === "mmap" && call.args[4] !== 0 ? -ENOMEM : undefined));
  assert.throws(() => new RingBuffer(map), {
    message: "Cannot map the ring buffer: mmap failed with ENOMEM.",
  });
  assert.equal(sys.calls.filter((call) => call.name === "munmap").length, 1);
});
