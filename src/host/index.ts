export type { GuestOptions, Permissions } from "./options.ts";
export { explainError } from "./report.ts";
export { runModule } from "./run-module.ts";
export { type RunningModule, type StartOptions, startModule } from "./start-module.ts";
export type { InputSource, OutputSink, Preopen } from "./wasi/index.ts";
