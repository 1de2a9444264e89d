import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { startModule } from "../../src/host/index.ts";
import { BothWays, run } from "./both-ways.ts";

test("loops of a program's own around buffers, and edges and nesting of epoll, are the kernel's", () => {
  // The rings of a perf buffer belong to CPUs.
  run("taskset", ["-apc", "0", String(process.pid)]);
  const program = new BothWays("loops", ["-Wno-unused-result"]);
  const native = program.native();
  assert.equal(native.status, 0, native.stdout + native.stderr);
  assert.ok(native.stdout.split("\n").length > 120, native.stdout);
  const guest = program.run();
  assert.equal(guest.stderr, "");
  assert.deepEqual(guest.stdout.split("\n"), native.stdout.split("\n"));
  assert.equal(guest.status, 0);
});

/** Waits for a timer in an instance in an instance, and then for nothing. */
const WAITS = `
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void on_signal(int number)
{
}

int main(void)
{
	int outer = epoll_create1(0), inner = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
	struct epoll_event wanted = { .events = EPOLLIN | EPOLLET, .data.u64 = 1ull << 40 }, got;
	struct itimerspec soon = { .it_value = { 0, 1000000 } };

	signal(SIGTERM, on_signal);
	epoll_ctl(outer, EPOLL_CTL_ADD, inner, &wanted);
	epoll_ctl(inner, EPOLL_CTL_ADD, timer, &wanted);
	timerfd_settime(timer, 0, &soon, NULL);
	printf("%d", epoll_wait(outer, &got, 1, -1));
	printf(" %d\\n", got.data.u64 == wanted.data.u64);
	fflush(stdout);
	return epoll_wait(outer, &got, 1, -1) < 0 && errno == EINTR ? 7 : 1;
}
`;

test("an instance of epoll that waits in a thread of its own hears that it is to end", async () => {
  const { guest } = BothWays.ofText("waits", WAITS);
  let said: (text: string) => void = () => {};
  const output = new Promise<string>((resolve) => {
    said = resolve;
  });
  const running = startModule(readFileSync(guest), {
    stdout: (bytes) => said(new TextDecoder().decode(bytes)),
  });
  assert.equal(await Promise.race([output, running.status]), "1 1\n");
  // Its own, not that of a guest which has to be ended.
  assert.equal(await running.stop(), 7);
});
