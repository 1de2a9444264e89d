/** Started by signals.test.ts with the name of a case; says `ready` when a signal may come. */
import { Worker } from "node:worker_threads";
import { getSys } from "../../src/sys/index.ts";
import { SIGINT, SIGTERM, SIGUSR1 } from "../../src/uapi/linux.ts";

const sys = getSys();
const SECOND = 1_000_000_000n;
/** Grace time of the cases that hold it: much longer than a busy machine needs from the signal to the call that does. */
const HELD_MS = 3000;

function say(text: string): void {
  sys.write(1, new TextEncoder().encode(`${text}\n`));
}

function spin(): never {
  for (;;);
}

/** What a waiting call answers, and which signals are pending then. */
function report(result: number): void {
  say(`${result} ${sys.signals.take()}`);
}

const epoll = sys.epollCreate();
const event = sys.eventfd(0, 0);

const cases: Record<string, () => void> = {
  sleep() {
    sys.signals.catch([SIGINT], 60_000);
    say("ready");
    report(sys.sleep(60n * SECOND));
    sys.signals.release();
  },
  epoll() {
    sys.signals.catch([SIGTERM], 60_000);
    say("ready");
    report(sys.epollWait(epoll, new Uint32Array(2), 1, -1));
    sys.signals.release();
  },
  read() {
    sys.signals.catch([SIGINT, SIGTERM], 60_000);
    say("ready");
    report(sys.read(event, new Uint8Array(8)));
    sys.signals.release();
  },
  before() {
    sys.signals.catch([SIGUSR1]);
    process.kill(process.pid, "SIGUSR1");
    process.kill(process.pid, "SIGUSR1");
    say(`${sys.sleep(60n * SECOND)}`);
    say(`${sys.epollWait(epoll, new Uint32Array(2), 1, 0)}`);
    say(`${sys.epollWait(epoll, new Uint32Array(2), 1, -1)}`);
    report(sys.read(event, new Uint8Array(8)));
    report(sys.sleep(1000n));
    report(sys.epollWait(epoll, new Uint32Array(2), 1, 1));
    sys.signals.release();
  },
  grace() {
    sys.signals.catch([SIGINT, SIGTERM], 50);
    say("ready");
    spin();
  },
  second() {
    sys.signals.catch([SIGINT, SIGTERM], 60_000);
    say("ready");
    while (sys.signals.take() === 0);
    say("ready again");
    spin();
  },
  held() {
    sys.signals.catch([SIGINT], HELD_MS);
    say("ready");
    report(sys.sleep(60n * SECOND));
    sys.signals.hold();
    // Twice that is longer than the grace time: the process would be gone.
    report(sys.sleep(2n * SECOND));
    sys.signals.resume();
    sys.signals.hold();
    report(sys.sleep(2n * SECOND));
    process.exitCode = 7;
  },
  "held before"() {
    sys.signals.catch([SIGTERM], 50);
    sys.signals.hold();
    say("ready");
    report(sys.sleep(60n * SECOND));
    report(sys.sleep(SECOND / 5n));
    sys.signals.resume();
    spin();
  },
  released() {
    process.once("SIGINT", () => {
      say("node's handler");
    });
    sys.signals.catch([SIGINT], 60_000);
    sys.signals.release();
    setInterval(() => {}, 60_000).unref();
    process.kill(process.pid, "SIGINT");
    setImmediate(function again() {
      if (process.listenerCount("SIGINT") > 0) setImmediate(again);
    });
  },
  worker() {
    sys.signals.catch([SIGINT], 60_000);
    const worker = new Worker(new URL("signal-worker.js", import.meta.url));
    worker.once("exit", () => {
      report(0);
      sys.signals.release();
    });
  },
};

cases[process.argv[2] ?? ""]?.();
