import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { EBADF, EFAULT } from "../../src/uapi/errno.ts";
import { compileGuest, runGuest } from "../support/guest.ts";
import { ITERATOR, LinkFixture } from "../support/link-fixture.ts";
import { MAP_ITERATOR, mapIteratorRefusal } from "../support/map-iterator.ts";

failOnLeaks();

const refusal = mapIteratorRefusal();

test("an iterator is read with WASI, each time anew", (t) => {
  const fixture = new LinkFixture(t, "on_task");
  const { guest } = fixture;
  const link = fixture.attach("on_task", 0);
  assert.ok(link >= 0, guest.lines);
  for (let round = 0; round < 2; round++) {
    const fd = guest.call("iter_create", link);
    const stream = guest.context.fds.get(fd);
    const bytes = new Uint8Array(65536);
    let length = 0;
    for (let count = 1; count > 0; length += count) count = stream?.read([bytes.subarray(length)]) ?? -1;
    const text = new TextDecoder().decode(bytes.subarray(0, length));
    assert.match(text, /^(task\n)+$/);
    assert.equal(fixture.closeFd(fd), 0);
  }
  assert.equal(guest.call("iter_create", 999), -EBADF);
});

test("an iterator of a map's elements is told the map by the guest's descriptor", { skip: refusal }, (t) => {
  const fixture = new LinkFixture(t, "on_element");
  const { guest } = fixture;
  const map = guest.mapFd(fixture.object.object.map("numbers"));
  const info = guest.put(new Uint8Array(new Uint32Array([map, 0, 0, 0]).buffer));
  const elements = fixture.attach("on_element", ITERATOR, { 96: info, 100: 16 });
  assert.ok(elements >= 0, guest.lines);
  const fd = guest.call("iter_create", elements);
  const keys = new Uint8Array(64);
  assert.equal(guest.context.fds.get(fd)?.read([keys]), 12);
  assert.deepEqual([...new Uint32Array(keys.buffer, 0, 3)], [0, 1, 2]);
  new DataView(keys.buffer).setUint32(0, elements, true);
  const wrong = guest.put(keys.subarray(0, 16));
  assert.equal(fixture.attach("on_element", ITERATOR, { 96: wrong, 100: 16 }), -EBADF);
  assert.equal(fixture.attach("on_element", ITERATOR, { 96: -4, 100: 16 }), -EFAULT);
});

test("a guest reads an iterator to its end", { skip: refusal }, () => {
  const guest = compileGuest(
    `#include <wasm-bpf/abi2.h>
int main(void) {
  struct wb_object_open req = { .size = sizeof(req), .data_at = wb_address(object), .data_size = object_size };
  int obj = wb_object_open(wb_address(&req));
  if (obj < 0 || wb_object_load(obj)) return 1;
  uint32_t info[4] = { wb_map_fd(obj, 0) }, key;
  struct wb_link_attach attach = {
    .size = sizeof(attach), .hook = WB_HOOK_ITERATOR, .iterator_at = wb_address(info), .iterator_size = sizeof(info),
  };
  int link = wb_link_attach(obj, 0, wb_address(&attach));
  int fd = wb_iter_create(link);
  printf("%d %d:", link >= 0, fd >= 0);
  for (;;) {
    ssize_t length = read(fd, &key, sizeof(key));
    if (length <= 0) { printf(" %zd", length); break; }
    printf(" %u", key);
  }
  printf(" %d %d", close(fd), close(link));
  return 0;
}
`,
    MAP_ITERATOR,
    ["-idirafter", fileURLToPath(new URL("../../../sdk/include", import.meta.url))],
  );
  const { stdout, stderr, status } = runGuest(guest);
  assert.deepEqual([stdout, stderr, status], ["1 1: 0 1 2 0 0 0", "", 0]);
});
