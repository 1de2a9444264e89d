import { MalformedInputError } from "../../internal/index.ts";

const STEPS_PER_TYPE = 200;
const MIN_STEPS = 100_000;

/** Bounds what is written of a BTF: one made to nest without end, or to make the output explode, is refused. */
export class StepBudget {
  #left: number;
  readonly #maxDepth: number;

  constructor(typeCount: number, maxDepth: number) {
    this.#left = MIN_STEPS + STEPS_PER_TYPE * typeCount;
    this.#maxDepth = maxDepth;
  }

  /** @throws {MalformedInputError} when type `id` is one too many or too deep. */
  step(id: number, depth: number): void {
    if (depth > this.#maxDepth || this.#left-- <= 0) {
      throw new MalformedInputError(`type ${id} nests too deeply to be written in C`);
    }
  }
}
