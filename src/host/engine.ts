/**
 * The part of the JavaScript interface of WebAssembly that the host uses. Node's types for version 20 do not declare
 * it, and the `dom` library would declare a browser along with it.
 */
export interface WasmMemory {
  /** Replaced by another buffer whenever the memory grows. */
  readonly buffer: ArrayBuffer;
  /** @returns the number of pages of 64 KiB before */
  grow(pages: number): number;
}

export interface WasmTable {
  readonly length: number;
  get(index: number): unknown;
}

export interface WasmModule {
  readonly [moduleBrand]: true;
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Name and kind of an export or import. */
export interface WasmDescriptor {
  readonly name: string;
  readonly kind: string;
}

declare const moduleBrand: unique symbol;

interface Engine {
  readonly Module: {
    new (bytes: Uint8Array): WasmModule;
    exports(module: WasmModule): WasmDescriptor[];
    imports(module: WasmModule): (WasmDescriptor & { readonly module: string })[];
    customSections(module: WasmModule, name: string): ArrayBuffer[];
  };
  readonly Instance: new (
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => WasmInstance;
  readonly Memory: new (...parameters: never) => WasmMemory;
  readonly Table: new (...parameters: never) => WasmTable;
  readonly RuntimeError: new (message?: string) => Error;
  readonly CompileError: new (message?: string) => Error;
  readonly LinkError: new (message?: string) => Error;
}

/** The engine of this process. */
export const engine: Engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;
