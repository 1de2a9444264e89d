import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BothWays, directory, sourceFile } from "./lp64.ts";

/** Runs a program both ways, each in a directory of its own, and compares all that they say and leave there. */
function compare(name: string, hostOptions: readonly string[] = []): string {
  const program = new BothWays(sourceFile(`${name}.c`));
  const [native, guest] = ["native", "guest"].map((kind) => {
    const path = join(directory, `${name}-${kind}`);
    mkdirSync(path);
    const run = kind === "native" ? program.runNative([path]) : program.runGuest([path], {}, hostOptions);
    return { ...run, left: readdirSync(path).sort() };
  });
  assert.equal(native?.status, 0, native?.stderr);
  assert.deepEqual(guest, native);
  return native.stdout;
}

test("zlib compresses and reads as the machine's own, without an option", () => {
  const said = compare("zlib");
  assert.match(said, /^inflate ends with 1, wrote 300000 bytes: the text$/m);
  assert.match(said, /^written 11 of 11: kernel BTF, mode 600, 11 bytes$/m);
});

// Where guests begin, too; the programs inherit it.
process.umask(0o022);

test("temporary files, and other files and directories, are made as by the native program", () => {
  const said = compare("temporary", ["--dir", "/tmp"]);
  assert.match(said, /^tmpfile: mode 100600, 0 links, flags 0x2$/m);
});
