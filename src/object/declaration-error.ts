import { type InputLocation, MalformedInputError } from "../internal/index.ts";

/** What is wrong with a declaration, for callers that have words of their own for it. */
export type DeclarationProblem =
  | { readonly kind: "maps without types" }
  | { readonly kind: "map without type"; readonly map: string }
  | { readonly kind: "unknown map field"; readonly map: string; readonly field: string }
  | {
      readonly kind: "two map sizes";
      readonly map: string;
      readonly of: "key" | "value";
      readonly sizes: readonly [before: number, now: number];
    }
  | { readonly kind: "unmarked extern"; readonly extern: string };

/** An object declares a map or an extern in a way that has no meaning. */
export class DeclarationError extends MalformedInputError {
  readonly problem: DeclarationProblem;
  constructor(problem: DeclarationProblem, message: string, location?: InputLocation) {
    super(message, location);
    this.problem = problem;
  }
}
