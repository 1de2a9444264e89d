export {
  type GuestOptions,
  type InputSource,
  type OutputSink,
  type Permissions,
  type Preopen,
  type RunningModule,
  runModule,
  type StartOptions,
  startModule,
} from "../host/index.ts";
export {
  AbiVersionError,
  type ErrorCode,
  type InputLocation,
  MalformedInputError,
  WasmBpfError,
} from "../internal/index.ts";
