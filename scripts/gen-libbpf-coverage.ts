/** Writes `docs/libbpf-coverage.md`: `node dist/scripts/gen-libbpf-coverage.js` */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { libbpfCoverage } from "./libbpf-coverage.ts";

const root = join(import.meta.dirname, "../..");
writeFileSync(join(root, "docs/libbpf-coverage.md"), libbpfCoverage(root));
