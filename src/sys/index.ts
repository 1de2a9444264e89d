export { BpfAttr } from "./attr.ts";
export { checkedCall, SystemCallError } from "./errors.ts";
export { type FdWatch, getSys, type Sys, setSys } from "./sys.ts";
