import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Btf } from "../../src/btf/index.ts";
import { cBindings, jsonSchema, typescriptBindings } from "../../src/codegen/index.ts";
import { parseObject } from "../../src/object/index.ts";
import { check, clang, sdk, targets, withDirectory } from "../support/compile.ts";
import { type Random, type RandomStruct, randomStructs, seeded } from "../support/random-structs.ts";
import { importTypeScript } from "../support/typescript.ts";

/** Rounds of random structs; set WASM_BPF_FUZZ for a long run. */
const rounds = process.env.WASM_BPF_FUZZ === undefined ? 2 : 40;
const STRUCTS = 40;

/** What a generated TypeScript module has for every struct. */
interface Codec {
  readonly sizeBytes: number;
  readonly offsets: Readonly<Record<string, number>>;
  decode(bytes: Uint8Array): object;
  encode(value: object): Uint8Array;
  toJson(value: object): unknown;
  fromJson(json: unknown): object;
}

/** BTF of types that are defined in C, each one used. */
function typesOf(directory: string, source: string, declarations: readonly string[]): Btf {
  const uses = declarations.map((declaration, i) => `${declaration} *use${i};\n`).join("");
  writeFileSync(join(directory, "types.bpf.c"), `${source}${uses}`);
  const object = join(directory, "types.bpf.o");
  execFileSync(clang, [...targets.bpf, "-g", "-O1", "-c", join(directory, "types.bpf.c"), "-o", object]);
  const { btf } = parseObject(new Uint8Array(readFileSync(object)));
  assert.ok(btf !== undefined);
  return btf;
}

/** C that asserts what the TypeScript module says about layouts. */
function assertions(module: Readonly<Record<string, Codec>>, structs: readonly RandomStruct[]): string {
  return structs
    .flatMap(({ name, declaration }) => {
      const codec = module[name];
      assert.ok(codec !== undefined, name);
      return [
        `_Static_assert(sizeof(${declaration}) == ${codec.sizeBytes}, "${name}");`,
        ...Object.entries(codec.offsets).map(
          ([key, at]) =>
            `_Static_assert(__builtin_offsetof(${declaration}, ${key}) == ${at}, "${name}.${key}");`,
        ),
      ];
    })
    .join("\n");
}

/** A native program that reads JSON lines, or hexadecimal bytes, of each struct and writes the other. */
function converter(structs: readonly RandomStruct[], library: "none" | "cjson"): string {
  const cases = structs.map(({ declaration, name }) => {
    const convert =
      library === "none"
        ? `		if (toJson) {
			int needed = ${name}__to_json(record, size, NULL, 0);
			if (needed < 0 || ${name}__to_json(record, size, text, sizeof(text)) != needed) return 2;
			puts(text);
		} else {
			int used = ${name}__from_json(record, sizeof(record_space), line);
			print(record, used);
		}`
        : `		if (toJson) {
			cJSON *json = ${name}__to_cjson(record, size);
			char *printed = cJSON_PrintUnformatted(json);
			puts(printed);
			free(printed);
			cJSON_Delete(json);
		} else {
			cJSON *json = cJSON_Parse(line);
			print(record, ${name}__from_cjson(record, sizeof(record_space), json));
			cJSON_Delete(json);
		}`;
    return `	if (!strcmp(name, "${name}")) {
		${declaration} *record = (void *)record_space;
${convert}
		return 0;
	}`;
  });
  return `#include "types.h"
#include <stdio.h>
static char line[1 << 20], text[1 << 20];
static _Alignas(64) unsigned char record_space[1 << 18];
static void print(const void *data, int size)
{
	const unsigned char *bytes = data;
	if (size < 0) { printf("%d\\n", size); return; }
	for (int i = 0; i < size; i++) printf("%02x", bytes[i]);
	puts("");
}
static int convert(const char *name, int toJson, size_t size)
{
	(void)size, (void)text;
${cases.join("\n")}
	return 3;
}
int main(void)
{
	char name[64], direction[8];
	while (scanf("%63s %7s ", name, direction) == 2) {
		if (!fgets(line, sizeof(line), stdin)) return 4;
		line[strcspn(line, "\\n")] = 0;
		size_t size = strlen(line) / 2;
		if (*direction == 'j')
			for (size_t i = 0; i < size; i++) sscanf(line + 2 * i, "%2hhx", &record_space[i]);
		if (convert(name, *direction == 'j', size)) return 5;
	}
	return 0;
}
`;
}

/** `printed` with the exact fractions of `expected`: cJSON prints 15 digits where it calls that close enough. */
function exact(printed: unknown, expected: unknown): unknown {
  if (typeof printed === "number" && typeof expected === "number") {
    return Math.abs(printed - expected) <= Math.abs(expected) * 1e-14 ? expected : printed;
  }
  if (typeof printed !== "object" || printed === null) return printed;
  if (typeof expected !== "object" || expected === null) return printed;
  const other = expected as Readonly<Record<string, unknown>>;
  const entries = Object.entries(printed).map(([key, value]) => [key, exact(value, other[key])] as const);
  return Array.isArray(printed) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Compiles a native program; every warning is an error. */
function compileNative(directory: string, name: string, source: string, ...libraries: string[]): string {
  const program = join(directory, name);
  writeFileSync(`${program}.c`, source);
  const options = ["-O1", "-Wall", "-Wextra", "-Werror", "-I", sdk, "-I", directory, `${program}.c`];
  const { status, stderr } = spawnSync("cc", [...options, "-o", program, ...libraries], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return program;
}

function runLines(program: string, lines: readonly string[]): string[] {
  const input = `${lines.join("\n")}\n`;
  const { status, stdout } = spawnSync(program, [], { input, encoding: "utf8", maxBuffer: 64 << 20 });
  assert.equal(status, 0);
  return stdout.trimEnd().split("\n");
}

/** Bytes that survive decoding and encoding: padding is zero, booleans are 0 or 1, no number is a strange NaN. */
function sample(codec: Codec, random: Random, flexible: boolean): Uint8Array {
  const size = codec.sizeBytes + (flexible ? 16 * random(4) : 0);
  const bytes = Uint8Array.from({ length: size }, () => (random(4) === 0 ? 0 : 32 + random(220)));
  const pass = (input: Uint8Array): Uint8Array => {
    return codec.encode(codec.fromJson(codec.toJson(codec.decode(input))));
  };
  // Members of unions affect each other, so that it takes a few passes.
  let stable = pass(bytes);
  for (let i = 0; i < 3; i++) stable = pass(stable);
  assert.deepEqual(pass(stable), stable);
  assert.deepEqual(codec.encode(codec.decode(stable)), stable);
  return stable;
}

/** Reads the bit-fields of the structs as their author's C compiler does. */
function bitFieldReader(source: string, structs: readonly RandomStruct[]): string {
  const blocks = structs.map(({ declaration, name, bitFields }) => {
    const prints = bitFields.map(
      (path) => `printf(" %s%llu", (r->${path} < 0) ? "-" : "", (unsigned long long)r->${path});`,
    );
    return `	if (!strcmp(name, "${name}")) { ${declaration} *r = (void *)space; (void)r; ${prints.join(" ")} }`;
  });
  return `#include <stdio.h>
#include <string.h>
${source}
static _Alignas(64) unsigned char space[1 << 18];
static char line[1 << 20];
int main(void)
{
	char name[64];
	while (scanf("%63s ", name) == 1) {
		if (!fgets(line, sizeof(line), stdin)) return 4;
		for (size_t i = 0; i < strlen(line) / 2; i++) sscanf(line + 2 * i, "%2hhx", &space[i]);
		printf("%s", name);
${blocks.join("\n")}
		puts("");
	}
	return 0;
}
`;
}

function at(value: object, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((inner, key) => (inner as Readonly<Record<string, unknown>>)[key], value);
}

for (let round = 0; round < rounds; round++) {
  test(`random structs, seed ${round}: C and TypeScript have the compilers' layout, JSON brings every byte back`, async () => {
    await withDirectory(async (directory) => {
      const random = seeded(round * 7919 + 1);
      const { source, structs } = randomStructs(random, STRUCTS);
      const declarations = structs.map(({ declaration }) => declaration);
      const btf = typesOf(directory, source, declarations);
      const text = typescriptBindings(btf, { json: true });
      const module = (await importTypeScript(directory, "types", text)) as Readonly<Record<string, Codec>>;

      // The author's structs compiled for BPF, the generated ones for every machine.
      const expected = assertions(module, structs);
      writeFileSync(join(directory, "original.c"), `${source}${expected}\n`);
      const unused = ["-Wno-unused", "-Wno-c23-extensions", "-Wno-gnu-variable-sized-type-not-at-end"];
      assert.equal(check("bpf", join(directory, "original.c"), ...unused), "");
      writeFileSync(join(directory, "types.h"), cBindings(btf, { json: true }));
      writeFileSync(join(directory, "generated.c"), `#include "types.h"\n${expected}\n`);
      for (const target of ["wasm32", "native"] as const) {
        assert.equal(check(target, join(directory, "generated.c"), "-I", sdk), "", target);
      }

      const samples = structs.flatMap((struct) => {
        const codec = module[struct.name];
        assert.ok(codec !== undefined);
        return [0, 1, 2].map(() => ({ struct, codec, bytes: sample(codec, random, struct.flexible) }));
      });
      const reader = compileNative(directory, "bits", bitFieldReader(source, structs), "-w");
      const read = runLines(
        reader,
        samples.map(({ struct, bytes }) => `${struct.name} ${hex(bytes)}`),
      );
      samples.forEach(({ struct, codec, bytes }, i) => {
        const values = struct.bitFields.map((path) => {
          const value = BigInt(at(codec.decode(bytes), path) as number | bigint | boolean);
          return `${value < 0n ? "-" : ""}${BigInt.asUintN(64, value)}`;
        });
        assert.equal(read[i], [struct.name, ...values].join(" "), hex(bytes));
      });

      for (const library of ["none", "cjson"] as const) {
        writeFileSync(join(directory, "types.h"), cBindings(btf, { json: true, jsonLibrary: library }));
        const libraries = library === "none" ? [] : ["-lcjson"];
        const program = compileNative(directory, library, converter(structs, library), ...libraries);
        const written = runLines(
          program,
          samples.map(({ struct, bytes }) => `${struct.name} j ${hex(bytes)}`),
        );
        const jsons = samples.map(({ codec, bytes }) => JSON.stringify(codec.toJson(codec.decode(bytes))));
        const restored = runLines(
          program,
          samples.map(({ struct }, i) => `${struct.name} b ${jsons[i]}`),
        );
        samples.forEach(({ codec, struct, bytes }, i) => {
          const json: unknown = JSON.parse(jsons[i] ?? "");
          const printed: unknown = JSON.parse(written[i] ?? "");
          assert.deepEqual(
            library === "cjson" ? exact(printed, json) : printed,
            json,
            `${library} ${struct.name}`,
          );
          assert.deepEqual(restored[i], hex(bytes), `${library} ${struct.name} ${jsons[i]}`);
          assert.deepEqual(codec.encode(codec.fromJson(json)), bytes);
        });
      }
      JSON.parse(jsonSchema(btf));
    });
  });
}

test("damaged JSON never reaches memory outside of the record", async () => {
  await withDirectory((directory) => {
    const source = `struct inner { char name[5]; unsigned char raw[3]; short list[2][2]; _Bool yes; double d; };
struct record { struct inner inner[2]; long number; unsigned bits : 5; __int128 wide; char tail[]; };
`;
    const btf = typesOf(directory, source, ["struct record"]);
    writeFileSync(join(directory, "types.h"), cBindings(btf, { json: true }));
    const program = `#include "types.h"
#include <stdio.h>
static char line[1 << 16];
int main(void)
{
	/* Of the exact size, so that the sanitizer sees one byte too much. */
	while (fgets(line, sizeof(line), stdin)) {
		size_t size = sizeof(struct record) + 3;
		struct record *record = malloc(size);
		char *text = strdup(line);
		int used = record__from_json(record, size, text);
		if (used >= 0 && (size_t)used <= size) record__to_json(record, (size_t)used, text, strlen(text));
		printf("%d\\n", used);
		free(text);
		free(record);
	}
	return 0;
}
`;
    const checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    const compiled = compileNative(directory, "damaged", program, ...checks);
    const whole = `{"inner":[{"name":"ab\\u00e9\\ud83d\\ude00","raw":[1,2,3],"list":[[1,2],[3,4]],"yes":true,"d":-1.5e3},{"d":"NaN"}],"number":"-9223372036854775808","bits":31,"wide":"170141183460469231731687303715884105727","tail":"abc","unknown":{"a":[null,{}]}}`;
    const random = seeded(99);
    const lines = [whole.replace("\\ud83d\\ude00", "")];
    for (let i = 0; i < 3000; i++) {
      let text = whole;
      for (let change = random(3); change >= 0; change--) {
        const at = random(text.length);
        const piece =
          ['"', "\\", "[", "]", "{", "}", ",", ":", "9", "-", "\\u12", "e", "", "null"][random(14)] ?? "";
        text = `${text.slice(0, at)}${piece}${text.slice(at + random(4))}`;
      }
      lines.push(random(5) === 0 ? text.slice(0, random(text.length)) : text);
    }
    for (const [text, result] of [
      ['{"bits":32}', -34],
      ['{"bits":-1}', -34],
      ['{"number":9223372036854775808}', -34],
      ['{"wide":170141183460469231731687303715884105728}', -34],
      ['{"tail":"abcd"}', -7],
      ['{"inner":[{},{},{}]}', -7],
      ['{"inner":{}}', -22],
      ["{} {}", -22],
      ["[".repeat(5000), -22],
      [`{"x":${"[".repeat(5000)}`, -22],
    ] as const) {
      lines.push(text);
      const [got] = runLines(compiled, [text]);
      assert.equal(Number(got), result, text);
    }
    const results = runLines(compiled, lines);
    assert.equal(results.length, lines.length);
    assert.ok(Number(results[0]) > 0, results[0]);
    assert.ok(results.some((result) => Number(result) < 0));
  });
});
