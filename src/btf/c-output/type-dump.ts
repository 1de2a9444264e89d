import { MalformedInputError } from "../../internal/index.ts";
import type { Btf } from "../btf.ts";
import { type BtfType, isComposite } from "../types.ts";
import { LibbpfText } from "./libbpf-text.ts";
import { isBuiltIn, NamesByUse } from "./names.ts";
import { missingBaseType } from "./order.ts";
import { referencedEnums } from "./referenced.ts";
import { StepBudget } from "./step-budget.ts";

const MAX_NESTING = 256;

/** How far a type is, for the order and for the text. */
const UNDERWAY = 1;
const DONE = 2;

/** What a use of a type asks for. */
const ANNOUNCED = 0;
const COMPLETE = 1;

/** A type that contains itself, so that no order of definitions is one of C. */
export class TypeCycleError extends MalformedInputError {
  readonly typeId: number;
  constructor(typeId: number) {
    super(`type ${typeId} needs itself to be complete`);
    this.typeId = typeId;
  }
}

/**
 * Types one by one, each with all that it needs and that was not written before: the text, order and names of libbpf's
 * `btf_dump__dump_type`, where `formatC` writes a header in an order of its own.
 */
export class TypeDump {
  readonly names: NamesByUse;
  readonly writer: LibbpfText;
  readonly #btf: Btf;
  readonly #ordered: Uint8Array;
  readonly #written: Uint8Array;
  readonly #announced = new Set<number>();
  #queue: number[] = [];
  #out: string[] = [];
  readonly #budget: StepBudget;
  #referenced: ReadonlySet<number> | undefined;

  constructor(btf: Btf) {
    this.#btf = btf;
    this.names = new NamesByUse(btf);
    this.writer = new LibbpfText(btf, this.names);
    this.#ordered = new Uint8Array(btf.typeCount);
    this.#written = new Uint8Array(btf.typeCount);
    this.#budget = new StepBudget(btf.typeCount, MAX_NESTING);
  }

  /** @throws {MalformedInputError} when the type cannot be expressed in C, a cycle for example */
  dump(id: number): string {
    this.#queue = [];
    this.#out = [];
    this.#order(id, false, 0);
    for (const definition of this.#queue) this.#write(definition, 0, 0);
    return this.#out.join("");
  }

  /**
   * Puts definitions into the queue, what others embed first.
   *
   * @param pointed whether there is a pointer on the way, so that an announcement may do
   * @returns COMPLETE when the type is defined then, ANNOUNCED when it need not be
   */
  #order(id: number, pointed: boolean, depth: number): number {
    this.#budget.step(id, depth);
    if (this.#ordered[id] === DONE || id === 0) return COMPLETE;
    const type = this.#btf.type(id);
    if (this.#ordered[id] === UNDERWAY) {
      if (isComposite(type) && pointed && type.name !== "") return ANNOUNCED;
      throw new TypeCycleError(id);
    }
    switch (type.kind) {
      case "int":
      case "float":
        this.#ordered[id] = DONE;
        return ANNOUNCED;
      case "ptr": {
        const result = this.#order(type.type, true, depth + 1);
        this.#ordered[id] = DONE;
        return result;
      }
      case "array":
        return this.#order(type.elementType, false, depth + 1);
      case "const":
      case "volatile":
      case "restrict":
      case "type_tag":
        return this.#order(type.type, pointed, depth + 1);
      case "struct":
      case "union":
        if (pointed && type.name !== "") return ANNOUNCED;
        this.#ordered[id] = UNDERWAY;
        for (const member of type.members) this.#order(member.type, false, depth + 1);
        if (type.name !== "") this.#queue.push(id);
        this.#ordered[id] = DONE;
        return COMPLETE;
      case "enum":
      case "enum64":
      case "fwd":
        // An enum without a name that is somebody's type is written where it is used.
        if (type.name !== "" || (depth === 0 && !this.#isReferenced(id))) this.#queue.push(id);
        this.#ordered[id] = DONE;
        return COMPLETE;
      case "typedef": {
        const result = this.#order(type.type, pointed, depth + 1);
        if (pointed && result === ANNOUNCED) return ANNOUNCED;
        this.#queue.push(id);
        this.#ordered[id] = DONE;
        return COMPLETE;
      }
      case "func_proto": {
        let result = this.#order(type.returnType, pointed, depth + 1);
        for (const parameter of type.parameters) {
          if (this.#order(parameter.type, pointed, depth + 1) === COMPLETE) result = COMPLETE;
        }
        return result;
      }
      default:
        this.#ordered[id] = DONE;
        return ANNOUNCED;
    }
  }

  #isReferenced(id: number): boolean {
    this.#referenced ??= referencedEnums(this.#btf);
    return this.#referenced.has(id);
  }

  /** Writes what the use of a type in the definition `owner` needs; with owner 0, the definition itself. */
  #write(id: number, owner: number, depth: number): void {
    this.#budget.step(id, depth);
    if (id === 0 || this.#written[id] === DONE) return;
    const type = this.#btf.type(id);
    if (this.#written[id] === UNDERWAY) {
      if (!this.#announced.has(id)) this.#announceOwner(type, owner);
      return;
    }
    const next = depth + 1;
    switch (type.kind) {
      case "int": {
        const base = missingBaseType(type.name);
        if (base !== undefined) this.#out.push(`typedef ${base} ${type.name};\n\n`);
        this.#written[id] = DONE;
        break;
      }
      case "enum":
      case "enum64":
        if (owner === 0) this.#out.push(this.writer.enumeration(type), ";\n\n");
        this.#written[id] = DONE;
        break;
      case "fwd":
        this.#out.push(this.writer.declare(id, ""), ";\n\n");
        this.#written[id] = DONE;
        break;
      case "ptr":
      case "const":
      case "volatile":
      case "restrict":
      case "type_tag":
        this.#write(type.type, owner, next);
        break;
      case "array":
        this.#write(type.elementType, owner, next);
        break;
      case "typedef":
        this.#written[id] = UNDERWAY;
        this.#write(type.type, id, next);
        if (!this.#announced.has(id)) this.#typedef(type);
        this.#written[id] = DONE;
        break;
      case "struct":
      case "union":
        this.#written[id] = UNDERWAY;
        if (owner === 0 || type.name === "") {
          const inner = type.name === "" ? owner : id;
          for (const member of type.members) this.#write(member.type, inner, next);
        } else if (!this.#announced.has(id) && id !== owner) {
          this.#announce(id);
        }
        if (owner === 0) this.#out.push(this.writer.composite(type), ";\n\n");
        this.#written[id] = owner === 0 ? DONE : 0;
        break;
      case "func_proto":
        this.#write(type.returnType, owner, next);
        for (const parameter of type.parameters) this.#write(parameter.type, owner, next);
        break;
      default:
        break;
    }
  }

  /** A definition that is underway is used inside itself. */
  #announceOwner(type: BtfType, owner: number): void {
    if (isComposite(type)) {
      if (type.id === owner || type.name === "") return;
      this.#announce(type.id);
    } else if (type.kind === "typedef") {
      this.#typedef(type);
      this.#announced.add(type.id);
    }
  }

  #announce(id: number): void {
    this.#out.push(this.writer.declare(id, ""), ";\n\n");
    this.#announced.add(id);
  }

  #typedef(type: BtfType & { kind: "typedef" }): void {
    if (isBuiltIn(type.name)) return;
    const name = this.names.typedef(type.id);
    // Old GCC describes this one as void.
    const isVaList = type.name === "__gnuc_va_list" && type.type === 0;
    const declaration = isVaList ? `__builtin_va_list ${name}` : this.writer.declare(type.type, name);
    this.#out.push(`typedef ${declaration};\n\n`);
  }
}
