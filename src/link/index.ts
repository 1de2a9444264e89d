export { attachObject, attachProgram, namesTarget } from "./attach.ts";
export { readElfFile } from "./binary.ts";
export { type LinkCreation, rawCreateLink } from "./create-link.ts";
export { globPattern } from "./glob.ts";
export { createIterator, type IteratorStream } from "./iterator-stream.ts";
export { haveKprobeEvents } from "./kprobe.ts";
export { probeableFunctions } from "./kprobe-multi.ts";
export { type Attachment, type Link, LinkHolder, type LinkResources, type StructOpsLink } from "./link.ts";
export type { LinkInfo } from "./link-info.ts";
export {
  type NetlinkAttribute,
  NetlinkError,
  type NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_ECHO,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  netlinkAttributes,
  netlinkRequest,
} from "./netlink.ts";
export { openLinkById, openPinnedLink, type PinnedLink } from "./pinned-link.ts";
export { openProbeEvent, type Probe, probeDeviceType, retprobeBit } from "./probe-pmu.ts";
export type {
  AttachOptions,
  IteratorOptions,
  NetfilterOptions,
  OrderAnchor,
  OrderOptions,
  PerfEventOptions,
  ProbeMode,
  TcOptions,
} from "./request.ts";
export { attachStructOps } from "./struct-ops.ts";
export { traceEventId, writeTraceEvents } from "./tracefs.ts";
export { openTraceEventFd } from "./tracepoint.ts";
export { traceableFunctions } from "./tracing-multi.ts";
export { attachUsdt } from "./usdt.ts";
