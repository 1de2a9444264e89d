export { alignUp, ByteReader, ByteWriter, decodeCString, encodeCString, encodeText } from "./bytes.ts";
export {
  AbiVersionError,
  type ErrorCode,
  type InputLocation,
  MalformedInputError,
  WasmBpfError,
} from "./errors.ts";
export {
  appendWasmCustomSection,
  isWasmModule,
  readWasmSections,
  wasmCustomSections,
  wasmDataSegments,
} from "./wasm-binary.ts";
export { type WasmImport, wasmExports, wasmImports } from "./wasm-interface.ts";
