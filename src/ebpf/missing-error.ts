import { WasmBpfError } from "../internal/index.ts";
import type { ExternSpec } from "../object/index.ts";
import type { KconfigType } from "./kconfig-externs.ts";

/** The kernel, or its configuration, has not got something that the object names and does not declare weak. */
export class MissingExternError extends WasmBpfError {
  readonly extern: ExternSpec;
  constructor(extern: ExternSpec, message: string) {
    super("NOT_FOUND", message);
    this.extern = extern;
  }
}

/** A value of the kernel's configuration does not fit the variable that is to hold it, or there is none of the name. */
export class KconfigError extends WasmBpfError {
  readonly extern: ExternSpec;
  /** What the variable can hold; `undefined` for a name that is not known. */
  readonly type: KconfigType | undefined;
  /** As it is written, or a number that the loader makes up. */
  readonly value: string | bigint;
  /** Where it was read: `system`, `in-memory` for lines that the caller gave. */
  readonly source: "system" | "in-memory" | undefined;
  constructor(
    about: Pick<KconfigError, "extern" | "type" | "value" | "source">,
    message: string,
    options?: ErrorOptions,
  ) {
    super(about.type === undefined ? "NOT_FOUND" : "INVALID_ARGUMENT", message, options);
    this.extern = about.extern;
    this.type = about.type;
    this.value = about.value;
    this.source = about.source;
  }
}

/** A struct_ops map that this kernel cannot have. */
export class StructOpsError extends WasmBpfError {
  readonly map: string;
  /** The kernel's struct, such as `tcp_congestion_ops`. */
  readonly typeName: string;
  readonly problem: "no type" | "no data" | "no member" | "bitfield" | "kind" | "no function" | "size";
  /** The member in question. */
  readonly member: string | undefined;
  /** Kinds or sizes of the member, the object's and the kernel's. */
  readonly sizes: readonly number[];
  constructor(
    about: Pick<StructOpsError, "map" | "typeName" | "problem"> & {
      member?: string;
      sizes?: readonly number[];
    },
    reason: string,
  ) {
    super("NOT_SUPPORTED", `Cannot create struct_ops map "${about.map}": ${reason}`);
    this.map = about.map;
    this.typeName = about.typeName;
    this.problem = about.problem;
    this.member = about.member;
    this.sizes = about.sizes ?? [];
  }
}

/** There is no function, tracepoint, hook or iterator of the name that a program is to be attached to. */
export class MissingTargetError extends WasmBpfError {
  readonly program: string;
  readonly target: string;
  constructor(program: string, target: string, message: string) {
    super("NOT_FOUND", message);
    this.program = program;
    this.target = target;
  }
}
