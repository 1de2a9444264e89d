import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKconfig } from "../kernel/index.ts";
import { encodeKconfigValue, type KconfigType } from "./kconfig-externs.ts";

test("only lines that set an option count", () => {
  const text = '# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C="a=b"\n\nnoise\nCONFIG_D=0x10\nCONFIG_E\n';
  assert.deepEqual(
    [...parseKconfig(text)],
    [
      ["CONFIG_B", "y"],
      ["CONFIG_C", '"a=b"'],
      ["CONFIG_D", "0x10"],
    ],
  );
});

const INT: KconfigType = { kind: "int", signed: true };
const UNSIGNED: KconfigType = { kind: "int", signed: false };

test("values by the type of their variable", () => {
  const cases: [type: KconfigType, size: number, value: string, bytes: number[]][] = [
    [{ kind: "bool" }, 1, "y", [1]],
    [{ kind: "bool" }, 1, "n", [0]],
    [{ kind: "tristate" }, 4, "m", [2, 0, 0, 0]],
    [{ kind: "char" }, 1, "m", [0x6d]],
    [{ kind: "char" }, 1, "-1", [255]],
    [INT, 4, "-2", [254, 255, 255, 255]],
    [INT, 2, "0x12", [0x12, 0]],
    [UNSIGNED, 4, "010", [8, 0, 0, 0]],
    [UNSIGNED, 8, "0xffffffffffffffff", [255, 255, 255, 255, 255, 255, 255, 255]],
    [{ kind: "string" }, 4, '"ab"', [0x61, 0x62, 0, 0]],
    [{ kind: "string" }, 4, '"abcdef"', [0x61, 0x62, 0x63, 0]],
  ];
  for (const [type, size, value, bytes] of cases) {
    assert.deepEqual([...encodeKconfigValue("CONFIG_X", type, size, value)], bytes, `${type.kind} ${value}`);
  }
});

test("values that do not fit are refused with what would", () => {
  const cases: [type: KconfigType, size: number, value: string, message: RegExp][] = [
    [{ kind: "bool" }, 1, "m", /needs a tristate/],
    [INT, 4, "y", /needs a bool/],
    [INT, 2, "40000", /more than 2 bytes/],
    [UNSIGNED, 4, "-1", /more than 4 bytes/],
    [{ kind: "bool" }, 1, "5", /needs an integer/],
    [INT, 4, "12ab", /that is an integer/],
    [INT, 4, '"text"', /needs a char array/],
    [{ kind: "string" }, 8, '"text', /closing quote/],
  ];
  for (const [type, size, value, message] of cases) {
    assert.throws(() => encodeKconfigValue("CONFIG_X", type, size, value), {
      code: "INVALID_ARGUMENT",
      message,
    });
  }
});
