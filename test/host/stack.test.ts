import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { compileGuest, runGuest } from "../support/guest.ts";

failOnLeaks();

/**
 * Calls the host deeper and deeper in its stack until that ends. What is opened on the way is closed again.
 */
const guest = compileGuest(
  `
IMPORT("wasm_bpf_2", "fd_pipe") int fd_pipe(ptr ends, int flags);
IMPORT("wasm_bpf_2", "fd_poll") int fd_poll(ptr polled, int count, int low, int high);
IMPORT("wasm_bpf_2", "map_create") int map_create(ptr req);
IMPORT("wasm_bpf_2", "object_open") int object_open(ptr req);
IMPORT("wasm_bpf_2", "object_close") int object_close(int object);
IMPORT("wasm_bpf_2", "btf_open") int btf_open(int kind, ptr name, int base, ptr at, int size);
IMPORT("wasm_bpf_2", "btf_close") int btf_close(int btf);
IMPORT("wasm_bpf_2", "run_start") int run_start(ptr req);
IMPORT("wasm_bpf_2", "run_wait") int run_wait(int process, ptr status, int flags);
static uint32_t map_request[20] = {80, 2, 0, 4, 8, 1};
static uint32_t open_request[12] = {48};
static uint32_t run_request[12] = {48};
static uint32_t arguments[1];
static int what, ends[2];
static uint32_t first, every;
static struct { int fd; short events, revents; } polled;
static int call(void) {
  int result;
  switch (what) {
    case 0:
      if (fd_pipe(PTR(ends), 0)) return 1;
      polled.fd = ends[1];
      polled.events = 4;
      result = fd_poll(PTR(&polled), 1, 0, 0);
      close(ends[0]);
      close(ends[1]);
      return result != 1;
    case 1: return close(map_create(PTR(map_request)));
    case 2: return object_close(object_open(PTR(open_request)));
    case 3: return btf_close(btf_open(1, 0, 0, 0, 0));
    case 4: return run_wait(run_start(PTR(run_request)), 0, 0) < 0;
    default: return close_object(load(PTR(object), object_size));
  }
}
/* Nothing that the optimizer can make a loop of. */
__attribute__((noinline)) static uint32_t descend(uint32_t depth) {
  if (depth % every == first && call()) exit(1);
  return (descend(depth + 1) ^ depth) * 3 + 1;
}
int main(int argc, char **argv) {
  what = atoi(argv[1]);
  first = atoi(argv[2]);
  every = atoi(argv[3]);
  arguments[0] = PTR("true");
  run_request[1] = PTR(arguments);
  run_request[2] = 1;
  run_request[5] = run_request[6] = run_request[7] = -1;
  open_request[1] = PTR(object);
  open_request[2] = object_size;
  open_request[4] = PTR("name");
  return descend(0) == 7 ? 2 : 3;
}`,
  compileBpf('SEC("raw_tp/task_newtask") int on_task(void *context) { return 0; }'),
);

describe("where the stack of a guest ends", () => {
  for (const [what, title, every] of [
    [0, "waiting", 1],
    [1, "making a map", 10],
    [2, "opening an object", 100],
    [3, "opening types", 100],
    [4, "starting a program", 2000],
    [5, "loading an object", 2000],
  ] as const) {
    test(`${title} is whole, or is not begun`, () => {
      // The last call is here or there.
      for (let first = 0; first < every; first += Math.ceil(every / 8)) {
        const { status, stderr } = runGuest(guest, {
          args: ["guest.wasm", String(what), String(first), String(every)],
          permissions: { run: true },
        });
        assert.equal(status, 134, stderr);
        assert.match(stderr, /^wasm-bpf: The guest trapped: stack overflow in function "\w+" [^\n]*\n$/);
      }
    });
  }
});
