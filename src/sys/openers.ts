/** Methods of {@link Sys} that answer a new descriptor; `bpf` is one more when its command makes something. */
export const OPENERS = [
  "perfEventOpen",
  "open",
  "dup",
  "epollCreate",
  "eventfd",
  "timerfdCreate",
  "inotify",
  "pidfdOpen",
  "socket",
  "accept",
  "mountDetached",
] as const;
