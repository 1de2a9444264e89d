/** What loads, attaches and reads BPF objects, and what it is made of. */
const library: readonly string[] = [
  ...["internal", "uapi", "asm", "elf", "btf", "object", "codegen"],
  ...["sys", "kernel", "ebpf", "link", "buffer"],
];

/**
 * The layers of `src/` and the directions imports may take, lowest first: a layer may import itself and the
 * layers named in its row. `test/repo/layers.test.ts` checks every import and `docs/architecture.md` against it.
 */
export const layers: Readonly<Record<string, readonly string[]>> = {
  internal: [],
  uapi: [],
  asm: ["internal", "uapi"],
  elf: ["internal", "uapi"],
  btf: ["internal", "uapi", "asm"],
  object: ["internal", "uapi", "asm", "elf", "btf"],
  codegen: ["internal", "uapi", "btf", "object"],
  sys: ["internal", "uapi"],
  kernel: ["internal", "uapi", "asm", "btf", "sys"],
  ebpf: ["internal", "uapi", "asm", "btf", "object", "sys", "kernel"],
  link: ["internal", "uapi", "asm", "elf", "btf", "object", "sys", "kernel", "ebpf"],
  buffer: ["internal", "uapi", "sys", "ebpf"],
  host: library,
  toolchain: ["internal", "btf", "object", "codegen"],
  api: [...library, "host"],
  cli: [...library, "host", "toolchain"],
};

/** Layers that import no `node:` module: bytes in, values out. */
export const pureLayers: readonly string[] = ["internal", "uapi", "asm", "elf", "btf", "object", "codegen"];
