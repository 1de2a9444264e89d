import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { TestContext } from "node:test";

/**
 * Runs a built script of `test/kernel` in a network namespace of its own, with the loopback interface up, and passes
 * its `covers:` lines and skips on.
 *
 * @returns what it printed
 * @throws {Error} with the end of its output when it fails
 */
export function runInNamespace(context: TestContext, script: string, ...args: string[]): string {
  const child = join(import.meta.dirname, "../kernel", script);
  const setUp = 'ip link set lo up && exec "$@"';
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const result = spawnSync("unshare", ["-n", "sh", "-c", setUp, "sh", process.execPath, child, ...args], {
    encoding: "utf8",
    env,
    timeout: 600_000,
  });
  for (const line of result.stdout.split("\n")) {
    if (/^(covers|skipped):/.test(line)) context.diagnostic(line);
  }
  if (result.status !== 0 || !/^done$/m.test(result.stdout)) {
    // What was done last tells the most.
    const last = `${result.stdout}${result.stderr}`.trimEnd().split("\n").slice(-40).join("\n");
    throw new Error(`${script} ended with ${result.status ?? result.signal}; its last lines:\n${last}`);
  }
  return result.stdout;
}
