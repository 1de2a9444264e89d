import type { Sys } from "../sys/index.ts";

/** Descriptors above this number are not tracked; the limit of open files is rarely higher. */
const MOST_FDS = 65536;

/** Shared memory for {@link trackFds}: one byte for each descriptor. */
export function fdBoard(): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(MOST_FDS));
}

/**
 * A kernel that notes on a shared board which descriptors it has open. A worker that is terminated runs no code of
 * its own any more, so the thread that terminated it closes what the board says.
 */
export function trackFds(sys: Sys, board: Uint8Array): Sys {
  const note = (fd: number): number => {
    if (fd > 2 && fd < board.length) Atomics.store(board, fd, 1);
    return fd;
  };
  return {
    ...sys,
    // Commands of bpf() return a descriptor or 0.
    bpf: (command, attr) => note(sys.bpf(command, attr)),
    perfEventOpen: (...parameters) => note(sys.perfEventOpen(...parameters)),
    open: (...parameters) => note(sys.open(...parameters)),
    dup: (fd) => note(sys.dup(fd)),
    epollCreate: () => note(sys.epollCreate()),
    mountDetached: (type) => note(sys.mountDetached(type)),
    eventfd: (...parameters) => note(sys.eventfd(...parameters)),
    socket: (...parameters) => note(sys.socket(...parameters)),
    accept: (fd) => note(sys.accept(fd)),
    pipe: (into) => {
      const result = sys.pipe(into);
      if (result === 0) for (const fd of new Int32Array(into.slice(0, 8).buffer)) note(fd);
      return result;
    },
    pidfdOpen: (pid) => note(sys.pidfdOpen(pid)),
    close: (fd) => {
      if (fd >= 0 && fd < board.length) Atomics.store(board, fd, 0);
      return sys.close(fd);
    },
  };
}

/** Closes everything the board says. */
export function closeTracked(sys: Sys, board: Uint8Array): void {
  for (let fd = board.indexOf(1); fd >= 0; fd = board.indexOf(1, fd + 1)) {
    board[fd] = 0;
    sys.close(fd);
  }
}
