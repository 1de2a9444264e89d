export { type CBindingsOptions, cBindings } from "./bindings-c.ts";
export { jsonSchema } from "./bindings-schema.ts";
export { type BindingsOptions, typescriptBindings } from "./bindings-ts.ts";
export { btfJson } from "./btf-json.ts";
export { btfRaw } from "./btf-raw.ts";
export { PLACEHOLDER_TAG, skeletonName, toIdentifier } from "./identifier.ts";
export { type SkeletonOptions, skeletonHeader } from "./skeleton-c.ts";
export { skeletonJson } from "./skeleton-json.ts";
export {
  type SkeletonMap,
  type SkeletonModel,
  type SkeletonProgram,
  type SkeletonSection,
  type SkeletonVariable,
  skeletonModel,
} from "./skeleton-model.ts";
export { type TypeScriptSkeletonOptions, typescriptSkeleton } from "./skeleton-ts.ts";
export { type StructHeaderOptions, structHeader } from "./struct-header.ts";
export { type VmlinuxHeaderOptions, vmlinuxHeader } from "./vmlinux-header.ts";
