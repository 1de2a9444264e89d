/** BTF kind numbers, as in the kernel's `include/uapi/linux/btf.h` (6.18). */
export const BTF_KIND_UNKN = 0;
export const BTF_KIND_INT = 1;
export const BTF_KIND_PTR = 2;
export const BTF_KIND_ARRAY = 3;
export const BTF_KIND_STRUCT = 4;
export const BTF_KIND_UNION = 5;
export const BTF_KIND_ENUM = 6;
export const BTF_KIND_FWD = 7;
export const BTF_KIND_TYPEDEF = 8;
export const BTF_KIND_VOLATILE = 9;
export const BTF_KIND_CONST = 10;
export const BTF_KIND_RESTRICT = 11;
export const BTF_KIND_FUNC = 12;
export const BTF_KIND_FUNC_PROTO = 13;
export const BTF_KIND_VAR = 14;
export const BTF_KIND_DATASEC = 15;
export const BTF_KIND_FLOAT = 16;
export const BTF_KIND_DECL_TAG = 17;
export const BTF_KIND_TYPE_TAG = 18;
export const BTF_KIND_ENUM64 = 19;

/** One number more than the last known kind. */
export const BTF_KIND_COUNT = 20;

/** Names of the kinds by number; number 0 is the implicit type `void`. */
export const BTF_KIND_NAMES: readonly BtfKind[] = [
  "void",
  "int",
  "ptr",
  "array",
  "struct",
  "union",
  "enum",
  "fwd",
  "typedef",
  "volatile",
  "const",
  "restrict",
  "func",
  "func_proto",
  "var",
  "datasec",
  "float",
  "decl_tag",
  "type_tag",
  "enum64",
];

/** Linkage of a function or variable. */
export type BtfLinkage = "static" | "global" | "extern";

/** Linkage by number: `BTF_FUNC_STATIC`, `BTF_FUNC_GLOBAL`, `BTF_FUNC_EXTERN` and the same for variables. */
export const BTF_LINKAGES: readonly BtfLinkage[] = ["static", "global", "extern"];

/** Member of a struct or union. */
export interface BtfMember {
  /** Empty for an anonymous member. */
  readonly name: string;
  readonly type: number;
  /** Distance from the start of the enclosing struct, in bits. */
  readonly offsetBits: number;
  /** Width of a bitfield in bits; 0 when the member is no bitfield. */
  readonly bitfieldBits: number;
}

/** Enumerator. The value is signed where the enum is. */
export interface BtfEnumValue {
  readonly name: string;
  readonly value: bigint;
}

/** Parameter of a function prototype. */
export interface BtfParameter {
  /** Empty when unnamed. */
  readonly name: string;
  /** 0 in the last parameter of a variadic function. */
  readonly type: number;
}

/** A variable's place in a section. */
export interface BtfSectionVariable {
  readonly type: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** `void`: the type with id 0, which no BTF has written down. */
export interface BtfVoid {
  readonly id: number;
  readonly kind: "void";
}

/** Integer, character or `_Bool`. */
export interface BtfInt {
  readonly id: number;
  readonly kind: "int";
  readonly name: string;
  readonly sizeBytes: number;
  readonly signed: boolean;
  readonly char: boolean;
  readonly bool: boolean;
  /** Offset of the value inside its storage, in bits; 0 unless the producer is very old. */
  readonly offsetBits: number;
  readonly bits: number;
}

/** Pointer to `type`. */
export interface BtfPointer {
  readonly id: number;
  readonly kind: "ptr";
  readonly type: number;
}

/** Array of `length` elements; 0 for a flexible one. */
export interface BtfArray {
  readonly id: number;
  readonly kind: "array";
  readonly elementType: number;
  readonly indexType: number;
  readonly length: number;
}

/** Struct or union, with its members in the order of the source. */
export interface BtfComposite {
  readonly id: number;
  readonly kind: "struct" | "union";
  /** Empty when anonymous. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly members: readonly BtfMember[];
}

/** Enum of 1 to 8 bytes. */
export interface BtfEnum {
  readonly id: number;
  readonly kind: "enum" | "enum64";
  /** Empty when anonymous. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly signed: boolean;
  readonly values: readonly BtfEnumValue[];
}

/** Forward declaration: a name whose members are elsewhere. */
export interface BtfForward {
  readonly id: number;
  readonly kind: "fwd";
  readonly name: string;
  /** Whether it announces a union rather than a struct. */
  readonly union: boolean;
}

/** Another name for `type`. */
export interface BtfTypedef {
  readonly id: number;
  readonly kind: "typedef";
  readonly name: string;
  readonly type: number;
}

/** `const`, `volatile` or `restrict` of `type`. */
export interface BtfQualifier {
  readonly id: number;
  readonly kind: "volatile" | "const" | "restrict";
  readonly type: number;
}

/** Tag of a type, in front of `type`. Linux >= 5.17. */
export interface BtfTypeTag {
  readonly id: number;
  readonly kind: "type_tag";
  readonly name: string;
  readonly type: number;
  /** `__attribute__((name))` rather than `btf_type_tag("name")`. */
  readonly attribute: boolean;
}

/** Function. */
export interface BtfFunction {
  readonly id: number;
  readonly kind: "func";
  readonly name: string;
  /** Its prototype. */
  readonly type: number;
  readonly linkage: BtfLinkage;
}

/** Signature of a function. */
export interface BtfPrototype {
  readonly id: number;
  readonly kind: "func_proto";
  readonly returnType: number;
  readonly parameters: readonly BtfParameter[];
}

/** Global or static variable. */
export interface BtfVariable {
  readonly id: number;
  readonly kind: "var";
  readonly name: string;
  readonly type: number;
  readonly linkage: BtfLinkage;
}

/** Section of variables, such as `.data` or `.maps`. */
export interface BtfDatasec {
  readonly id: number;
  readonly kind: "datasec";
  readonly name: string;
  readonly sizeBytes: number;
  readonly variables: readonly BtfSectionVariable[];
}

/** Floating-point number. Linux >= 5.13. */
export interface BtfFloat {
  readonly id: number;
  readonly kind: "float";
  readonly name: string;
  readonly sizeBytes: number;
}

/**
 * Tag of a declaration: of `type`, a variable or a function, or of one of its members or parameters. Linux >=
 * 5.16.
 */
export interface BtfDeclTag {
  readonly id: number;
  readonly kind: "decl_tag";
  readonly name: string;
  readonly type: number;
  /** Index of the member or parameter it belongs to, -1 for the type itself. */
  readonly componentIndex: number;
  /** `__attribute__((name))` rather than `btf_decl_tag("name")`. */
  readonly attribute: boolean;
}

/** A decoded BTF type; `kind` tells which. References to other types are type ids, 0 is `void`. */
export type BtfType =
  | BtfVoid
  | BtfInt
  | BtfPointer
  | BtfArray
  | BtfComposite
  | BtfEnum
  | BtfForward
  | BtfTypedef
  | BtfQualifier
  | BtfTypeTag
  | BtfFunction
  | BtfPrototype
  | BtfVariable
  | BtfDatasec
  | BtfFloat
  | BtfDeclTag;

/** Kind of a {@link BtfType}: the kernel's name in lower case, `struct` for `BTF_KIND_STRUCT`. */
export type BtfKind = BtfType["kind"];

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;

/** A type on its way into a {@link BtfBuilder}, which assigns the id. */
export type NewBtfType = WithoutId<Exclude<BtfType, BtfVoid>>;

/** Whether a type, or its blueprint, has members: a struct or a union. */
export function isComposite<T extends { readonly kind: BtfKind }>(
  type: T,
): type is Extract<T, { readonly kind: "struct" | "union" }> {
  return type.kind === "struct" || type.kind === "union";
}

/** Whether a type, or its blueprint, has enumerators, of 32 or of 64 bits. */
export function isEnum<T extends { readonly kind: BtfKind }>(
  type: T,
): type is Extract<T, { readonly kind: "enum" | "enum64" }> {
  return type.kind === "enum" || type.kind === "enum64";
}
