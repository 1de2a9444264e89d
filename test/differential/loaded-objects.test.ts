import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { withBpfFileSystem } from "../support/bpf-file-system.ts";
import { COMPILERS, compileTestdata } from "../support/testdata.ts";
import { type Difference, differences, type KernelView, loadHere } from "./kernel-view.ts";

failOnLeaks();

interface Explanation {
  /** Matches `object: what`. */
  readonly where: RegExp;
  /** Matches what libbpf has. */
  readonly libbpf: RegExp;
  readonly reason: string;
  /** The first libbpf that gets as far as to differ. */
  readonly since?: readonly [major: number, minor: number];
  /** The first libbpf that no longer differs. */
  readonly until?: readonly [major: number, minor: number];
}

/** Differences that are meant to be. One that is no longer seen has to go. */
const EXPLAINED: readonly Explanation[] = [
  {
    where: /^arena: verdict/,
    libbpf: /bad map relo against 'head' in section '.addr_space.1'/,
    reason: "libbpf knows variables in arenas since 1.4",
    until: [1, 4],
  },
  {
    where: /^arena: program build: instruction/,
    libbpf: /^1801/,
    reason: "the address that the kernel chose for the arena is part of the program",
    since: [1, 4],
  },
  {
    where: /^struct-ops: verdict/,
    libbpf: /prog 'threshold': BPF program load failed/,
    reason: "libbpf knows the section .struct_ops.link since 1.2",
    until: [1, 2],
  },
  {
    where: /^static-in-section: verdict/,
    libbpf: /program 'helper' is static and not supported/,
    reason: "libbpf takes static functions in .text only, we take them everywhere",
  },
  {
    where: /^externs: program use: tag/,
    libbpf: /^[0-9a-f]{16}$/,
    reason:
      "the call of a weak function that the kernel lacks is dead code, which libbpf marks with a number since 1.3",
    until: [1, 3],
  },
];

/** What neither loads, and why. */
const REFUSED_BY_BOTH: Readonly<Record<string, string>> = {
  freplace: "needs a target program, which its section cannot name",
  instructions: "is made for the disassembler, not for the verifier",
  "legacy-maps": "declares maps as libbpf 1.0 gave up",
  "map-extra": "is not meant to be loaded",
};

const LIBBPF = "/usr/include/bpf/libbpf.h";
const skip = existsSync(LIBBPF) ? false : `${LIBBPF} does not exist; install libbpf-dev`;
const directory = mkdtempSync(join(tmpdir(), "loaded-objects-"));
const loader = join(directory, "loader");
const table: (Difference & { compiler: string; object: string; reason: string | undefined })[] = [];

before(() => {
  if (skip !== false) return;
  const source = resolve(import.meta.dirname, "../../../test/differential/native/loader.c");
  execFileSync("cc", ["-Wall", "-Wextra", "-Werror", "-O1", "-o", loader, source, "-lbpf"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
});
/** The explanations that hold for the libbpf that is installed. */
function explanations(): readonly Explanation[] {
  const version = JSON.parse(execFileSync(loader, { encoding: "utf8" })) as [number, number];
  const isOlder = ([major, minor]: readonly [number, number]): boolean =>
    version[0] < major || (version[0] === major && version[1] < minor);
  return EXPLAINED.filter(
    ({ since, until }) => (since === undefined || !isOlder(since)) && (until === undefined || isOlder(until)),
  );
}

after(() => rmSync(directory, { recursive: true }));

function loadWithLibbpf(path: string, name: string, pinRoot: string): KernelView {
  const { status, stdout, stderr } = spawnSync(loader, [path, name, pinRoot], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as KernelView;
}

for (const compiler of COMPILERS) {
  test(`${compiler}: the kernel has the same maps and programs as with libbpf`, { skip }, (context) => {
    const objects = join(directory, compiler);
    compileTestdata(compiler, objects);
    const files = readdirSync(objects).filter((file) => file.endsWith(".bpf.o"));
    assert.ok(files.length > 10);
    const explained = explanations();
    let loaded = 0;
    for (const file of files) {
      const object = file.replace(".bpf.o", "");
      const path = join(objects, file);
      withBpfFileSystem((root) => {
        for (const part of ["libbpf", "ours"]) mkdirSync(join(root, part));
        const theirs = loadWithLibbpf(path, object, join(root, "libbpf"));
        const ours = loadHere(new Uint8Array(readFileSync(path)), object, join(root, "ours"));
        if ("maps" in theirs && "maps" in ours) loaded++;
        if ("failed" in theirs && "failed" in ours) {
          const reason = REFUSED_BY_BOTH[object];
          context.diagnostic(`${object}: refused by both: ${reason ?? "NOT EXPLAINED"}`);
          assert.ok(reason !== undefined, `${theirs.message}\n${ours.message}`);
        }
        for (const difference of differences(theirs, ours)) {
          const explanation = explained.find(
            ({ where, libbpf }) =>
              where.test(`${object}: ${difference.what}`) && libbpf.test(difference.libbpf),
          );
          table.push({ compiler, object, ...difference, reason: explanation?.reason });
        }
      });
    }
    assert.ok(loaded >= 9, `only ${loaded} objects were compared`);
    const own = table.filter((row) => row.compiler === compiler);
    for (const { object, what, libbpf, ours, reason } of own) {
      const [a, b] = [libbpf, ours].map((text) => (text.length > 200 ? `${text.slice(0, 200)}...` : text));
      context.diagnostic(`${object}: ${what}: libbpf ${a}; ours ${b}; ${reason ?? "NOT EXPLAINED"}`);
    }
    assert.deepEqual(
      own.filter(({ reason }) => reason === undefined).map(({ object, what }) => `${object}: ${what}`),
      [],
    );
  });
}

test("every explanation of a difference is still needed", { skip }, () => {
  const used = new Set(table.map(({ reason }) => reason));
  assert.deepEqual(
    explanations()
      .filter(({ reason }) => !used.has(reason))
      .map(({ reason }) => reason),
    [],
  );
});
