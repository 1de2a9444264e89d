import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";

/** Raised when the meaning of the record or of the steps changes. */
const FORMAT = 1;

/** What a product was made from. */
interface StepRecord {
  /** Digest of the command, the tool and the contents of all inputs. */
  readonly key: string;
  readonly inputs: readonly string[];
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/**
 * Remembers, in a file of the build directory, from what each product was made. A product is current when the
 * command, the tool and the content of every file that was read are the same and nobody touched the product.
 */
export class BuildState {
  readonly #directory: string;
  readonly #steps: Map<string, StepRecord>;
  readonly #digests = new Map<string, string>();

  /** @param directory what relative paths of inputs and products are relative to. */
  constructor(path: string, directory: string) {
    this.#directory = directory;
    this.#steps = readRecords(path);
  }

  isCurrent(product: string, command: readonly string[]): boolean {
    const record = this.#steps.get(product);
    if (record === undefined || record.key === "") return false;
    const stat = statSync(this.#resolve(product), { throwIfNoEntry: false });
    if (stat === undefined || stat.size !== record.sizeBytes || stat.mtimeMs !== record.mtimeMs) return false;
    return this.#key(command, record.inputs) === record.key;
  }

  /** Notes that `product` was just made by `command` from `inputs`, of which the first was read after `since`. */
  record(product: string, command: readonly string[], inputs: readonly string[], since: number): void {
    const stat = statSync(this.#resolve(product));
    this.#digests.delete(this.#resolve(product));
    // NB: what was changed meanwhile is perhaps not what the product was made from.
    const changed = inputs.some((input) => this.#isFrom(input, since, Date.now()));
    const key = changed ? "" : this.#key(command, inputs);
    this.#steps.set(product, { key, inputs, sizeBytes: stat.size, mtimeMs: stat.mtimeMs });
  }

  /** Files that a product was made from when it was last made. */
  inputsOf(product: string): readonly string[] {
    return this.#steps.get(product)?.inputs ?? [];
  }

  forget(product: string): void {
    this.#steps.delete(product);
  }

  /** What the file is to contain. */
  text(): string {
    return JSON.stringify({ format: FORMAT, steps: Object.fromEntries(this.#steps) }, undefined, 1);
  }

  /** Whether a file was written after `first`, and not after `last`: dates in milliseconds. */
  #isFrom(input: string, first: number, last: number): boolean {
    const written = Math.floor(statSync(this.#resolve(input), { throwIfNoEntry: false })?.mtimeMs ?? 0);
    return written > first && written <= last;
  }

  /** Digest of a command and its inputs; "" when an input cannot be read, so that it is never current. */
  #key(command: readonly string[], inputs: readonly string[]): string {
    const hash = createHash("sha256").update(JSON.stringify(command));
    for (const input of inputs) {
      const digest = this.#digest(this.#resolve(input));
      if (digest === undefined) return "";
      hash.update(`\0${input}\0${digest}`);
    }
    return hash.digest("hex");
  }

  #digest(path: string): string | undefined {
    const known = this.#digests.get(path);
    if (known !== undefined) return known;
    try {
      const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
      this.#digests.set(path, digest);
      return digest;
    } catch {
      return undefined;
    }
  }

  #resolve(path: string): string {
    return resolve(this.#directory, path);
  }
}

/** The records of an earlier build; none when the file is absent, damaged or of another format. */
function readRecords(path: string): Map<string, StepRecord> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (!isObject(value) || value.format !== FORMAT || !isObject(value.steps)) return new Map();
    return new Map(
      Object.entries(value.steps).filter((entry): entry is [string, StepRecord] => isRecord(entry[1])),
    );
  } catch {
    return new Map();
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRecord(value: unknown): value is StepRecord {
  return (
    isObject(value) &&
    typeof value.key === "string" &&
    typeof value.sizeBytes === "number" &&
    typeof value.mtimeMs === "number" &&
    Array.isArray(value.inputs) &&
    value.inputs.every((input) => typeof input === "string")
  );
}
