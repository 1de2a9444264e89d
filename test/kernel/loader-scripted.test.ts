import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf } from "../../src/btf/index.ts";
import { BpfObject } from "../../src/ebpf/index.ts";
import { decodeCString } from "../../src/internal/index.ts";
import { haveBtfEnum64, haveGlobalData, haveMemcgAccounting, ModuleBtfs } from "../../src/kernel/index.ts";
import { setSys } from "../../src/sys/index.ts";
import { type ScriptedSys, scriptedSys } from "../../src/sys/scripted.ts";
import {
  BPF_BTF_GET_FD_BY_ID,
  BPF_BTF_GET_NEXT_ID,
  BPF_BTF_LOAD,
  BPF_FUNC_probe_read,
  BPF_FUNC_probe_read_str,
  BPF_MAP_CREATE,
  BPF_MAP_FREEZE,
  BPF_MAP_UPDATE_ELEM,
  BPF_OBJ_GET_INFO_BY_FD,
  BPF_PROG_LOAD,
} from "../../src/uapi/bpf.ts";
import { EAGAIN, EINVAL, ENODEV, ENOENT, ENOSPC, EPERM } from "../../src/uapi/errno.ts";
import { RLIMIT_MEMLOCK } from "../../src/uapi/linux.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { LINUX_4_14, LINUX_5_4, oldKernel } from "../support/old-kernel.ts";

function onKernel<T extends ScriptedSys>(sys: T, body: (sys: T) => void): T {
  setSys(sys);
  try {
    body(sys);
  } finally {
    setSys(undefined);
  }
  return sys;
}

const VARIABLES = compileBpf(`
struct reading { float value; };
const volatile int limit = 5;
struct reading last;
int count;
__noinline int global(int x) { return x + limit; }
SEC("tp/sched/sched_process_exec") int prog(void *ctx)
{
	char text[8];
	bpf_probe_read_kernel(text, 4, 0);
	bpf_probe_read_user_str(text, 4, 0);
	last.value = 1;
	count += text[0];
	return global(count);
}`);

const PLAIN = compileBpf(`
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} plain SEC(".maps");
SEC("kprobe/do_exit") int prog(void *ctx)
{
	__u32 key = 0;
	return bpf_map_delete_elem(&plain, &key);
}`);

test("an old kernel gets the memlock limit raised, once; a newer one does not", () => {
  const old = onKernel(oldKernel(LINUX_5_4), () => {
    assert.equal(haveMemcgAccounting(), false);
    for (const _ of [1, 2]) {
      const object = BpfObject.open(PLAIN);
      object.load();
      object.close();
    }
  });
  const raised = old.calls.filter(({ name }) => name === "setRlimit");
  assert.deepEqual(
    raised.map(({ args }) => args),
    [[RLIMIT_MEMLOCK, 2n ** 64n - 1n, 2n ** 64n - 1n]],
  );
  const firstCreate = old.calls.findIndex(({ command }) => command === BPF_MAP_CREATE);
  assert.ok(old.calls.findIndex(({ name }) => name === "setRlimit") < firstCreate);
  assert.deepEqual([...old.openFds], []);

  const recent = onKernel(scriptedSys(), () => {
    const object = BpfObject.open(PLAIN);
    object.load();
    object.close();
  });
  assert.equal(recent.calls.filter(({ name }) => name === "setRlimit").length, 0);
});

test("what an old kernel's BTF lacks is replaced, and its old helpers are called", () => {
  const sys = onKernel(oldKernel(LINUX_5_4), () => {
    const object = BpfObject.open(VARIABLES);
    object.load();
    object.close();
  });
  const loads = sys.bpfCalls(BPF_PROG_LOAD);
  const last = loads.at(-1)?.args[1] as { pointerAt(offset: number): Uint8Array | undefined };
  const instructions = last.pointerAt(8);
  assert.ok(instructions);
  const view = new DataView(instructions.buffer);
  const helpers: number[] = [];
  for (let at = 0; at < instructions.length; at += 8) {
    if (instructions[at] === 0x85 && (instructions[at + 1] ?? 0) >> 4 === 0)
      helpers.push(view.getInt32(at + 4, true));
  }
  assert.deepEqual(helpers, [BPF_FUNC_probe_read, BPF_FUNC_probe_read_str]);
  assert.ok((loads.at(-1)?.attr?.[72] ?? 0) !== 0, "BTF is there, in its reduced form");

  const blobs = sys.bpfCalls(BPF_BTF_LOAD).map(({ args }) => (args[1] as typeof last).pointerAt(0));
  const taken = Btf.parse(blobs.at(-1) ?? new Uint8Array(0));
  assert.equal(taken.find("float", "float"), undefined);
  const global = taken.find("global", "func");
  assert.ok(global !== undefined);
  const type = taken.type(global);
  assert.equal(type.kind === "func" ? type.linkage : "", "static");

  // Variables are there, but not to be mapped.
  for (const { attr } of sys.bpfCalls(BPF_MAP_CREATE).slice(-2)) {
    assert.ok(attr);
    assert.equal(new DataView(attr.buffer).getUint32(16, true) & 0x400, 0);
  }
  assert.equal(sys.bpfCalls(BPF_MAP_FREEZE).length, 1);
});

test("a kernel without BTF and names still loads a plain program", () => {
  const sys = onKernel(oldKernel(LINUX_4_14), () => {
    assert.equal(haveGlobalData(), false);
    const object = BpfObject.open(PLAIN);
    object.load();
    assert.equal(object.btfFd, -1);
    object.close();
  });
  const load = sys.bpfCalls(BPF_PROG_LOAD).at(-1)?.attr;
  assert.ok(load);
  assert.ok(
    load.subarray(48).every((byte) => byte === 0),
    "no name, no attach type, no BTF",
  );
  assert.ok(new DataView(load.buffer).getUint32(40, true) > 0, "kernel version, which old kernels check");
  const map = sys.bpfCalls(BPF_MAP_CREATE).at(-1)?.attr;
  assert.deepEqual(map && [...new Uint32Array(map.buffer, 0, 4)], [1, 4, 8, 8]);
});

test("programs that use variables are refused by name where there are none", () => {
  onKernel(oldKernel(LINUX_4_14), (sys) => {
    const object = BpfObject.open(VARIABLES);
    assert.throws(() => object.load(), { message: /Cannot load program "prog"/ });
    assert.deepEqual([...sys.openFds], []);
  });
});

test("a probe's answer is asked once, but not kept when privileges were missing", () => {
  let privileged = false;
  onKernel(
    scriptedSys((call) => (call.command === BPF_BTF_LOAD && !privileged ? -EPERM : undefined)),
    (sys) => {
      assert.equal(haveBtfEnum64(), false);
      privileged = true;
      assert.equal(haveBtfEnum64(), true);
      const asked = sys.calls.length;
      assert.equal(haveBtfEnum64(), true);
      assert.equal(sys.calls.length, asked);
    },
  );
});

/** Answers the load of "prog" only; probes have other names or none. */
function answerLoad(
  answer: (attempt: number, log: Uint8Array | undefined) => number | undefined,
): ScriptedSys {
  let attempt = 0;
  return scriptedSys((call, attr) => {
    if (call.command !== BPF_PROG_LOAD || attr === undefined) return undefined;
    if (decodeCString(attr.bytes.subarray(48, 64)) !== "prog") return undefined;
    return answer(attempt++, attr.u32At(24) === 0 ? undefined : attr.pointerAt(32));
  });
}

test("the log buffer grows until the log is whole", () => {
  const sizes: number[] = [];
  onKernel(
    answerLoad((_, log) => {
      if (log === undefined) return -EINVAL;
      sizes.push(log.length);
      if (log.length < 3_000_000) return -ENOSPC;
      log.set(new TextEncoder().encode("0: (b7) r0 = 0\nthe reason\nprocessed 1 insns\n"));
      return -EINVAL;
    }),
    () => {
      assert.throws(() => BpfObject.open(PLAIN).load(), {
        code: "VERIFIER",
        message: /with EINVAL: the reason/,
      });
    },
  );
  assert.ok(sizes.length >= 3 && sizes.every((size, index) => index === 0 || size > (sizes[index - 1] ?? 0)));
});

test("line info that the kernel refuses is left out", () => {
  const sys = onKernel(
    answerLoad((attempt, log) => {
      log?.set(new TextEncoder().encode("missing bpf_line_info for func#1\n"));
      return attempt < 2 ? -EINVAL : undefined;
    }),
    () => {
      const object = BpfObject.open(PLAIN);
      object.load();
      object.close();
    },
  );
  const counts = sys
    .bpfCalls(BPF_PROG_LOAD)
    .slice(-3)
    .map(({ attr }) => attr && new DataView(attr.buffer).getUint32(104, true));
  assert.ok(counts[0] !== 0 && counts[1] !== 0);
  assert.equal(counts[2], 0);
});

test("an interrupted load is repeated, but not for ever", () => {
  onKernel(
    answerLoad((attempt) => (attempt < 3 ? -EAGAIN : undefined)),
    () => {
      const object = BpfObject.open(PLAIN);
      object.load();
      object.close();
    },
  );
  onKernel(
    answerLoad(() => -EAGAIN),
    () => {
      assert.throws(() => BpfObject.open(PLAIN).load(), { message: /EAGAIN/ });
    },
  );
});

test("a map whose types the kernel refuses is made without them", () => {
  const sys = onKernel(
    scriptedSys((call, attr) =>
      call.command === BPF_MAP_CREATE && attr !== undefined && attr.u32At(48) !== 0 ? -EINVAL : undefined,
    ),
    () => {
      const object = BpfObject.open(PLAIN);
      object.load();
      object.close();
    },
  );
  assert.equal(sys.bpfCalls(BPF_MAP_CREATE).filter(({ attr }) => attr && attr[48] !== 0).length, 1);
});

test("nothing stays open when a load fails at any call", () => {
  let total = 1;
  for (let failing = 0; failing < total; failing++) {
    let count = 0;
    const sys = scriptedSys((call) => (call.name === "bpf" && count++ === failing ? -EPERM : undefined));
    onKernel(sys, () => {
      const object = BpfObject.open(VARIABLES);
      try {
        object.load();
      } catch (error) {
        assert.match(String(error), /Error: Cannot/);
      }
      object.close();
    });
    assert.deepEqual([...sys.openFds], [], `call ${failing}`);
    total = Math.max(total, count);
  }
  assert.ok(total > 8, `${total} calls`);
});

test("variables are written before the map is frozen", () => {
  const sys = onKernel(scriptedSys(), () => {
    const object = BpfObject.open(VARIABLES);
    object.map(".rodata").initialValue?.set([9]);
    object.load();
    object.close();
  });
  const order = sys.calls.filter(
    ({ command }) => command === BPF_MAP_UPDATE_ELEM || command === BPF_MAP_FREEZE,
  );
  const freeze = order.findIndex(({ command }) => command === BPF_MAP_FREEZE);
  assert.ok(freeze > 0);
  const written = order[freeze - 1]?.args[1] as { pointerAt(offset: number): Uint8Array | undefined };
  assert.deepEqual(written.pointerAt(16), Uint8Array.of(9, 0, 0, 0));
});

/** BTF of a module that adds nothing to the kernel's: a header only. */
function emptySplitBtf(): Uint8Array {
  const header = new DataView(new ArrayBuffer(24));
  header.setUint16(0, 0xeb9f, true);
  header.setUint8(2, 1);
  header.setUint32(4, 24, true);
  return new Uint8Array(header.buffer);
}

test("modules are found in the kernel's list of BTF objects, and no descriptor is left", () => {
  const targets: Uint8Array[] = [];
  const objects = [
    { name: "vmlinux", kernel: true },
    { name: "", kernel: false },
    { name: "some_module", kernel: true },
    { name: "gone", kernel: true },
  ];
  const firstFd = 100;
  const sys = scriptedSys((call, attr) => {
    // The kernel's own BTF is read, as on kernels that cannot map it.
    if (call.name === "mmap") return -ENODEV;
    if (attr === undefined) return undefined;
    if (call.command === BPF_BTF_GET_NEXT_ID) {
      const next = attr.u32At(0) + 1;
      attr.u32(4, next);
      return next < objects.length + 1 ? 0 : -ENOENT;
    }
    if (call.command === BPF_BTF_GET_FD_BY_ID) {
      return objects[attr.u32At(0) - 1]?.name === "gone" ? -ENOENT : firstFd + attr.u32At(0);
    }
    if (call.command !== BPF_OBJ_GET_INFO_BY_FD) return undefined;
    const info = attr.pointerAt(8);
    const object = objects[attr.u32At(0) - firstFd - 1];
    if (info === undefined || object === undefined) return undefined;
    const view = new DataView(info.buffer, info.byteOffset);
    const btf = emptySplitBtf();
    targets[Number(view.getBigUint64(0, true)) - 1]?.set(btf);
    targets[Number(view.getBigUint64(16, true)) - 1]?.set(new TextEncoder().encode(object.name));
    view.setUint32(8, btf.length, true);
    view.setUint32(28, object.kernel ? 1 : 0, true);
    return 0;
  });
  sys.addressOf = (view) => BigInt(targets.push(view));
  onKernel(sys, () => {
    using modules = new ModuleBtfs();
    assert.deepEqual(
      modules.all().map(({ name, fd }) => ({ name, fd })),
      [{ name: "some_module", fd: firstFd + 3 }],
    );
  });
  assert.deepEqual([...sys.openFds], []);
});

test("a link that cannot be undone keeps nothing else open", () => {
  const sys = onKernel(scriptedSys(), () => {
    const object = BpfObject.open(PLAIN);
    object.load();
    let disposed = 0;
    object.adopt({ [Symbol.dispose]: () => void disposed++ });
    object.adopt({
      [Symbol.dispose]() {
        throw new Error("cannot be undone");
      },
    });
    assert.throws(() => object.close(), /^Error: cannot be undone$/);
    assert.equal(disposed, 1);
    object.close();
  });
  assert.deepEqual([...sys.openFds], []);
});
