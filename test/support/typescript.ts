import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** The strictest settings that users of generated code may have. */
const STRICT: readonly string[] = [
  ...["--strict", "--noUnusedLocals", "--noUnusedParameters", "--noUncheckedIndexedAccess"],
  ...["--exactOptionalPropertyTypes", "--noImplicitReturns", "--noPropertyAccessFromIndexSignature"],
  ...["--isolatedDeclarations", "--declaration", "--erasableSyntaxOnly", "--verbatimModuleSyntax"],
  ...[
    "--target",
    "es2022",
    "--lib",
    "es2023,dom,esnext.disposable",
    "--module",
    "nodenext",
    "--types",
    "node",
  ],
  ...["--typeRoots", join(root, "node_modules/@types")],
];

/**
 * Checks and compiles TypeScript files of a directory in strict mode.
 *
 * @param options further options of the compiler
 * @returns what the compiler says, "" when it is content
 */
export function compileTypeScript(
  directory: string,
  files: Readonly<Record<string, string>>,
  options: readonly string[] = [],
): string {
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const args = [compiler, "--ignoreConfig", ...STRICT, ...options, ...Object.keys(files)];
  const { status, stdout, error } = spawnSync(process.execPath, args, { cwd: directory, encoding: "utf8" });
  if (error !== undefined) throw error;
  return status === 0 ? "" : stdout;
}

/** Compiles one module in strict mode and loads it. */
export async function importTypeScript(directory: string, name: string, text: string): Promise<unknown> {
  const messages = compileTypeScript(directory, { [`${name}.ts`]: text });
  if (messages !== "") throw new Error(messages);
  return await import(pathToFileURL(join(directory, `${name}.js`)).href);
}
