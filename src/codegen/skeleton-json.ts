import type { ObjectSpec } from "../object/index.ts";
import type { SkeletonOptions } from "./skeleton-c.ts";
import { skeletonModel } from "./skeleton-model.ts";

/** JSON description of what a skeleton of the object offers. */
export function skeletonJson(spec: ObjectSpec, options: SkeletonOptions): string {
  const model = skeletonModel(spec, options.name);
  const description = {
    name: model.name,
    maps: model.maps.map((map) => ({
      name: map.name,
      identifier: map.identifier,
      ...(map.section === undefined
        ? {}
        : {
            section: {
              kind: map.section.kind,
              sizeBytes: map.section.sizeBytes,
              variables: map.section.variables.map(({ name, offsetBytes, sizeBytes }) => ({
                name,
                offsetBytes,
                sizeBytes,
              })),
            },
          }),
    })),
    programs: model.programs,
  };
  return `${JSON.stringify(description, undefined, 2)}\n`;
}
