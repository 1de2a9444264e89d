export { type AttrPointer, BpfAttr } from "./attr.ts";
export { checkedCall, SystemCallError } from "./errors.ts";
export { getSys, type SignalControl, type Sys, setSys } from "./sys.ts";
