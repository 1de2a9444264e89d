import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { withDirectory } from "../support/compile.ts";
import { compileGuest, runGuest } from "../support/guest.ts";
import { recordsGuest, recordsObject } from "../support/records-object.ts";

failOnLeaks();

/** Calls every import of version 1 with integers that are near borders, or anything; some of them are right. */
const guest = compileGuest(
  `${recordsGuest}
IMPORT("wasi_snapshot_preview1", "proc_exit") _Noreturn void end(uint32_t);
static int depth;
static uint64_t state;
static uint32_t next(void) {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return state >> 33;
}
static char scratch[4096] = "records";
static const char *const names[] = {"records", "perf_records", "table", "per_cpu", "outer", "groups", "on_mkdir", ""};
static int numbers[8];
static uint32_t wild(void) {
  uint32_t size = __builtin_wasm_memory_size(0) * 65536;
  switch (next() % 10) {
    case 0: return 0;
    case 1: return next() % 8;
    case 2: return size - next() % 64;
    case 3: return -(next() % 64);
    case 4: return 0x80000000u - next() % 4;
    case 5: return next() << 1;
    case 6: return PTR(names[next() % 8]);
    case 7: return numbers[next() % 8];
    default: return PTR(scratch) + next() % 64 * 8;
  }
}
static uint64_t handle(void) { return next() % 4 ? obj : next() % 2 ? (uint64_t)next() << 32 | next() : next() % 8; }
static void one_call(void);
static int callback(uint32_t ctx, uint32_t at, uint32_t size) {
  if (depth++ < 3) one_call();
  depth--;
  return next() % 8 ? 0 : -(int)(next() % 4096);
}
static void one_call(void) {
  int result = 0;
  switch (next() % 8) {
    case 0: if (load(wild(), wild() % 65536)) end(2); return;
    case 1: result = attach(handle(), wild(), wild()); break;
    case 2: result = attach_fd(handle(), wild(), wild()); break;
    case 3: result = map_fd(handle(), wild()); break;
    case 4: emit(next() % 8, 4 + next() % 64); return;
    case 5:
      result = poll_buffer(handle(), wild(), next() % 3 ? PTR(callback) : wild(), wild(), wild(), wild() % 4096, 0);
      break;
    case 6: if (next() % 16 == 0) { result = close_object(handle() + next() % 3); break; } /* fall through */
    default:
      result = map_operate(wild(), next() % 4 ? next() % 5 : wild(), wild(), wild(), wild(), next() % 4 ? next() % 3 : wild());
  }
  if (result < -4096) end(1);
}
int main(int argc, char **argv) {
  state = strtoull(argv[1], NULL, 10);
  for (int i = atoi(argv[2]); i > 0; i--) {
    if (i % 1000 == 0) {
      if (obj) close_object(obj);
      if (open_object()) end(3);
      for (int n = 0; n < 8; n++) numbers[n] = map_fd(obj, PTR(names[n]));
    }
    one_call();
  }
  end(42);
}
`,
  recordsObject(),
);

describe("a hostile guest", () => {
  for (const seed of [1, 2, 3]) {
    test(`gets error numbers for wild calls of ABI version 1, also from callbacks (seed ${seed})`, () =>
      withDirectory((directory) => {
        const { status, stderr } = runGuest(guest, {
          args: ["guest.wasm", String(seed), "5000"],
          preopens: [{ host: directory, guest: "/data" }],
        });
        assert.equal(status, 42, stderr.slice(-2000));
        assert.doesNotMatch(stderr, /internal error/);
      }));
  }
});
