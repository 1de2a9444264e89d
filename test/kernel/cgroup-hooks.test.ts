import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { kernelVersion, missingFeature, versionCode } from "../../src/kernel/index.ts";
import { type AttachOptions, attachProgram, type Link } from "../../src/link/index.ts";
import { SystemCallError } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { compileProgram } from "../support/compile-program.ts";
import { covers } from "../support/covers.ts";
import { TestObject } from "../support/test-object.ts";

failOnLeaks();

/** Joins a control group, does what its second argument names; its status is the line that failed. */
const ACTOR = compileProgram(`
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#define CHECK(condition) do { if (!(condition)) { perror(#condition); return __LINE__; } } while (0)

static struct sockaddr_storage address_of(int family, socklen_t *size, const char *path) {
  struct sockaddr_storage address;
  memset(&address, 0, sizeof address);
  address.ss_family = family;
  if (family == AF_INET) {
    ((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *size = sizeof(struct sockaddr_in);
  } else if (family == AF_INET6) {
    ((struct sockaddr_in6 *)&address)->sin6_addr = in6addr_loopback;
    *size = sizeof(struct sockaddr_in6);
  } else {
    /* An abstract name: nothing in the file system. */
    int length = snprintf(((struct sockaddr_un *)&address)->sun_path + 1, 60, "%s-%d", path, getpid());
    *size = sizeof(sa_family_t) + 1 + length;
  }
  return address;
}

/* Datagrams between two sockets of a family; both names are asked for. */
static int datagrams(int family) {
  socklen_t size, own_size;
  struct sockaddr_storage address = address_of(family, &size, "receiver"), own = address_of(family, &own_size, "sender"), any;
  int receiver = socket(family, SOCK_DGRAM, 0), sender = socket(family, SOCK_DGRAM, 0);
  char byte = 1;
  CHECK(receiver >= 0 && sender >= 0);
  CHECK(bind(receiver, (void *)&address, size) == 0);
  CHECK(bind(sender, (void *)&own, own_size) == 0);
  size = sizeof address;
  CHECK(getsockname(receiver, (void *)&address, &size) == 0);
  CHECK(sendto(sender, &byte, 1, 0, (void *)&address, size) == 1);
  own_size = sizeof any;
  CHECK(recvfrom(receiver, &byte, 1, 0, (void *)&any, &own_size) == 1);
  CHECK(connect(sender, (void *)&address, size) == 0);
  size = sizeof address;
  CHECK(getpeername(sender, (void *)&address, &size) == 0);
  CHECK(close(receiver) == 0 && close(sender) == 0);
  return 0;
}

static int options(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), value = 65536;
  socklen_t size = sizeof value;
  CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof value) == 0);
  CHECK(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &size) == 0);
  return 0;
}

static int stream(void) {
  socklen_t size;
  struct sockaddr_storage address = address_of(AF_INET, &size, "");
  int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(server, (void *)&address, size) == 0 && listen(server, 1) == 0);
  size = sizeof address;
  CHECK(getsockname(server, (void *)&address, &size) == 0);
  CHECK(connect(client, (void *)&address, size) == 0);
  return 0;
}

static int reads(const char *path) {
  char text[64];
  int fd = open(path, O_RDONLY);
  CHECK(fd >= 0);
  CHECK(read(fd, text, sizeof text) >= 0);
  return 0;
}

int main(int count, char **arguments) {
  const char *action = arguments[2];
  int procs;
  if (count < 3) return 1;
  procs = open(arguments[1], O_WRONLY);
  CHECK(procs >= 0 && write(procs, "0", 1) == 1);
  if (strcmp(action, "ip4") == 0) return datagrams(AF_INET);
  if (strcmp(action, "ip6") == 0) return datagrams(AF_INET6);
  if (strcmp(action, "unix") == 0) return datagrams(AF_UNIX);
  if (strcmp(action, "options") == 0) return options();
  if (strcmp(action, "stream") == 0) return stream();
  if (strcmp(action, "sysctl") == 0) return reads("/proc/sys/kernel/ostype");
  if (strcmp(action, "device") == 0) return reads("/dev/null");
  return 2;
}
`);

/** Section kinds, by what makes their programs run. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  ip4: [
    "cgroup/skb",
    "cgroup_skb/ingress",
    "cgroup_skb/egress",
    "cgroup/sock",
    "cgroup/sock_create",
    "cgroup/sock_release",
    ...["bind4", "post_bind4", "connect4", "sendmsg4", "recvmsg4", "getpeername4", "getsockname4"].map(
      (name) => `cgroup/${name}`,
    ),
  ],
  ip6: ["bind6", "post_bind6", "connect6", "sendmsg6", "recvmsg6", "getpeername6", "getsockname6"].map(
    (name) => `cgroup/${name}`,
  ),
  unix: ["connect_unix", "sendmsg_unix", "recvmsg_unix", "getpeername_unix", "getsockname_unix"].map(
    (name) => `cgroup/${name}`,
  ),
  options: ["cgroup/getsockopt", "cgroup/setsockopt"],
  stream: ["sockops"],
  sysctl: ["cgroup/sysctl"],
  device: ["cgroup/dev"],
};

function functionName(kind: string): string {
  return `on_${kind.replaceAll("/", "_")}`;
}

const PROGRAMS = compileBpf(`
long count, order;
${Object.values(KINDS)
  .flat()
  .map(
    (kind) =>
      `SEC("${kind}") int ${functionName(kind)}(void *ctx) { __sync_fetch_and_add(&count, 1); return 1; }`,
  )
  .join("\n")}
${[1, 2, 3]
  .map((n) => `SEC("cgroup/bind4") int in_order_${n}(void *ctx) { order = order * 10 + ${n}; return 1; }`)
  .join("\n")}
SEC("cgroup/bind4") int no_bind(void *ctx) { __sync_fetch_and_add(&count, 1); return 0; }
`);

/** A control group for one test. @returns its directory */
function groupFor(context: TestContext): string {
  const group = new TestCgroup("hooks");
  context.after(() => group.remove());
  return group.path;
}

function act(cgroup: string, action: string): number | null {
  return spawnSync(ACTOR, [`${cgroup}/cgroup.procs`, action], { stdio: ["ignore", "inherit", "pipe"] })
    .status;
}

for (const [action, kinds] of Object.entries(KINDS)) {
  for (const kind of kinds) {
    test(`${kind}: runs for the processes of the group until it is closed`, (context) => {
      const cgroup = groupFor(context);
      const { expectedAttachType } = new TestObject(context, PROGRAMS).object.program(functionName(kind));
      const missing = missingFeature("attach type", expectedAttachType);
      if (missing !== undefined) {
        context.skip(missing);
        return;
      }
      const loaded = TestObject.loadOrSkip(context, PROGRAMS, functionName(kind));
      if (loaded === undefined) return;
      const program = loaded.object.program(functionName(kind));
      const link = attachProgram(program, cgroup);
      assert.equal(act(cgroup, action), 0);
      const count = loaded.get("count");
      assert.ok(count >= 1, "it was not run");
      link.close();
      assert.equal(act(cgroup, action), 0);
      assert.equal(loaded.get("count"), count);
      covers(context, kind, "target", "fired");
    });
  }
}

for (const mode of ["link", "legacy"] as const) {
  test(`cgroup: a program takes another's place in the way "${mode}"`, (context) => {
    const cgroup = groupFor(context);
    const { object } = TestObject.load(context, PROGRAMS, "on_cgroup_bind4", "no_bind");
    const options: AttachOptions = mode === "legacy" ? { mode } : {};
    const link = attachProgram(object.program("on_cgroup_bind4"), cgroup, options);
    context.after(() => link.close());
    assert.equal(act(cgroup, "ip4"), 0);
    link.update(object.program("no_bind"));
    assert.notEqual(act(cgroup, "ip4"), 0);
    link.update(object.program("on_cgroup_bind4"));
    assert.equal(act(cgroup, "ip4"), 0);
    if (mode === "legacy") return;
    assert.throws(() => link.update(object.program("no_bind"), object.program("no_bind")), {
      errnoName: "EPERM",
    });
    assert.equal(link.info().attachType, object.program("no_bind").expectedAttachType);
    assert.equal(link.info().programId, link.program.info().id);
  });
}

test("cgroup: programs run in the order of their links, which is that of attachment or chosen", (context) => {
  const cgroup = groupFor(context);
  const loaded = TestObject.load(context, PROGRAMS, "in_order_1", "in_order_2", "in_order_3");
  const attach = (number: number, options: AttachOptions = {}): Link => {
    const link = attachProgram(loaded.object.program(`in_order_${number}`), cgroup, options);
    context.after(() => link.close());
    return link;
  };
  /** The actor binds two sockets. */
  const order = (): string => {
    const before = loaded.get("order");
    assert.equal(act(cgroup, "ip4"), 0);
    return String(loaded.get("order")).slice(String(before || "").length);
  };
  const first = attach(1);
  const third = attach(3);
  assert.equal(order(), "1313");
  third.close();
  let second: Link;
  try {
    second = attach(2, { order: { before: { linkId: first.info().id } } });
  } catch (error) {
    // Linux 6.16 came with an order of links of control groups, and long-term kernels may have got it later.
    if (!(error instanceof SystemCallError) || kernelVersion() >= versionCode(6, 16, 0)) throw error;
    context.skip(`this kernel has no order of links of control groups: ${error.message}`);
    return;
  }
  assert.equal(order(), "2121");
  attach(3, { order: { after: { linkId: second.info().id } } });
  assert.equal(order(), "231231");
  assert.throws(() => attach(3, { order: { expectedRevision: 1000n } }), { errnoName: "ESTALE" });
});
