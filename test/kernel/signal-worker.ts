/** Started by signal-child.ts: sleeps in a worker thread until a signal comes. */
import { getSys } from "../../src/sys/index.ts";

const sys = getSys();
const say = (text: string): number => sys.write(1, new TextEncoder().encode(`${text}\n`));
say("ready");
say(`worker ${sys.sleep(60_000_000_000n)}`);
