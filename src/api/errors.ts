export {
  AbiVersionError,
  type ErrorCode,
  type InputLocation,
  MalformedInputError,
  WasmBpfError,
} from "../internal/index.ts";
