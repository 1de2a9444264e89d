export { buildProject } from "./build.ts";
export { BUILD_INFO_SECTION, type BuildInfo } from "./build-info.ts";
export {
  type BtfSource,
  type BtfToEmbed,
  BuildError,
  type BuildObserver,
  type BuildOptions,
} from "./build-options.ts";
export { headerTypes } from "./header-types.ts";
export { createProject, templateNames } from "./scaffold.ts";
