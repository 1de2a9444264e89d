import { machine, release } from "node:os";
import { Btf } from "../btf/index.ts";
import { haveKernelBtf, NoKernelBtfError } from "../kernel/index.ts";
import { chooseEmbeddedBtf, embeddedBtfs } from "../object/index.ts";

/**
 * Where the CO-RE relocations of a guest's objects find the kernel's types: in the BTF that the caller gave, or, on a
 * kernel without BTF, in what the module carries for this kernel.
 *
 * @returns `undefined` when the kernel has BTF of its own and no other was given.
 */
export function guestKernelBtf(module: Uint8Array, given: Uint8Array | undefined): (() => Btf) | undefined {
  if (given !== undefined) return once(() => Btf.parse(given, { section: "the given BTF" }));
  return haveKernelBtf() ? undefined : once(() => embeddedKernelBtf(module));
}

function embeddedKernelBtf(module: Uint8Array): Btf {
  const kernel = { release: release(), machine: machine() };
  const candidates = embeddedBtfs(module);
  const found = chooseEmbeddedBtf(candidates, kernel);
  if (found !== undefined) return Btf.parse(found.btf, { section: `embedded BTF for ${found.release}` });
  const others = candidates.map((candidate) => candidate.release).join(", ");
  throw new NoKernelBtfError(
    `This kernel (${kernel.release}, ${kernel.machine}) has no BTF, and the module carries ` +
      `${others === "" ? "none" : `only that of ${others}`}. Give it one with --btf FILE`,
  );
}

function once(make: () => Btf): () => Btf {
  let made: Btf | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
