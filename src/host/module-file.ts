import { MalformedInputError } from "../internal/index.ts";
import { engine, type WasmModule } from "./engine.ts";

/**
 * Compiles a module.
 *
 * @throws {MalformedInputError} when the bytes are something else, saying what
 */
export function compileModule(bytes: Uint8Array): WasmModule {
  const kind = otherKind(bytes);
  if (kind !== undefined) throw new MalformedInputError(kind);
  try {
    return new engine.Module(bytes);
  } catch (error) {
    if (!(error instanceof engine.CompileError)) throw error;
    const reason = error.message.replace(/^WebAssembly\.Module\(\): /, "");
    throw new MalformedInputError(`The WebAssembly module is damaged or needs a newer engine: ${reason}`);
  }
}

function otherKind(bytes: Uint8Array): string | undefined {
  const starts = (...magic: number[]): boolean => magic.every((byte, index) => bytes[index] === byte);
  if (bytes.length === 0) return "The file is empty, not a WebAssembly module";
  if (starts(0x7f, 0x45, 0x4c, 0x46)) {
    return "This is an ELF file, not a WebAssembly module. A BPF object is packed into a module by `wasm-bpf build`";
  }
  if (!starts(0, 0x61, 0x73, 0x6d)) return "This is not a WebAssembly module: it does not start with \\0asm";
  if (starts(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0)) {
    return "This is a WebAssembly component; wasm-bpf runs core modules, compiled for wasm32-wasi (preview1)";
  }
  return undefined;
}
