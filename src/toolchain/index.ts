export { buildProject } from "./build.ts";
export { BUILD_INFO_SECTION, type BuildInfo, type ObjectInfo } from "./build-info.ts";
export {
  type BtfSource,
  type BtfToEmbed,
  BUILD_DIRECTORY,
  BuildError,
  type BuildObserver,
  type BuildOptions,
  type BuildStep,
} from "./build-options.ts";
export { type HeaderOptions, type HeaderTypes, headerTypes } from "./header-types.ts";
export { createProject, type NewProject, templateNames } from "./scaffold.ts";
