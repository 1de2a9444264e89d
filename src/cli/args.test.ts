import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest, type OptionSpec, parseOptions } from "./args.ts";
import { parseRunArguments } from "./run-options.ts";
import { UsageError } from "./verb.ts";

const specs: readonly OptionSpec[] = [
  { long: "name", short: "n", value: "NAME", help: "" },
  { long: "loud", short: "l", help: "" },
];

test("options end at the first argument that is none", () => {
  const { options, rest } = parseOptions(
    ["-n", "a", "--name=b=c", "-nd", "-n=e", "--loud", "x", "--name", "y"],
    specs,
  );
  assert.deepEqual(
    [...options],
    [
      ["name", ["a", "b=c", "d", "e"]],
      ["loud", [""]],
    ],
  );
  assert.deepEqual(rest, ["x", "--name", "y"]);
});

test("-- ends options, - is an argument", () => {
  assert.deepEqual(parseOptions(["-l", "--", "-l"], specs).rest, ["-l"]);
  assert.deepEqual(parseOptions(["-", "-l"], specs).rest, ["-", "-l"]);
});

test("wrong options are usage errors", () => {
  for (const args of [["--nam", "x"], ["-x"], ["-lx"], ["--loud=1"], ["--name"], ["-n"]]) {
    assert.throws(() => parseOptions(args, specs), UsageError, args.join(" "));
  }
  assert.throws(() => parseOptions(["--nmae", "x"], specs), /did you mean --name\?/);
});

test("the nearest word is near", () => {
  assert.equal(nearest("biuld", ["run", "build"]), "build");
  assert.equal(nearest("gne", ["gen", "btf"]), "gen");
  assert.equal(nearest("something", ["gen", "btf"]), undefined);
});

test("directories and variables", () => {
  const { preopens, environment, guestArgs, module } = parseRunArguments([
    ...["--dir", "/a::/b", "--dir=c", "--env", "A=1=2", "--env", "UNSET_ANYWHERE", "m.wasm", "--env", "B"],
  ]);
  assert.deepEqual(preopens, [
    { host: "/a", guest: "/b" },
    { host: "c", guest: "c" },
  ]);
  assert.deepEqual(environment, { A: "1=2" });
  assert.deepEqual([module, guestArgs], ["m.wasm", ["m.wasm", "--env", "B"]]);
});

test("permissions: all, some, or none", () => {
  const of = (...args: string[]) => parseRunArguments([...args, "m.wasm"]).permissions;
  const none = { read: false, run: false, net: false, kernel: false };
  assert.deepEqual(of(), none);
  assert.deepEqual(of("--allow-read"), { ...none, read: true });
  assert.deepEqual(of("--allow-read=/proc,/sys", "--allow-read=/etc/localtime"), {
    ...none,
    read: ["/proc", "/sys", "/etc/localtime"],
  });
  assert.deepEqual(of("--allow-run=which,id", "--allow-net"), { ...none, run: ["which", "id"], net: true });
  assert.deepEqual(of("--allow-run=which", "--allow-run"), { ...none, run: true });
  assert.deepEqual(of("--allow-kernel"), { ...none, kernel: true });
  assert.deepEqual(of("-A"), { read: true, run: true, net: true, kernel: true });
  assert.throws(() => of("--allow-read="), UsageError);
  assert.throws(() => of("--allow-net=x"), UsageError);
  // A value is written with =, so that what follows is the module.
  assert.equal(parseRunArguments(["--allow-read", "m.wasm"]).module, "m.wasm");
});
