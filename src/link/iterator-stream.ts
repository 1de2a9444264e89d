import { WasmBpfError } from "../internal/index.ts";
import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import { BPF_ITER_CREATE } from "../uapi/bpf.ts";
import { EINTR } from "../uapi/errno.ts";
import type { Link } from "./link.ts";
import type { PinnedLink } from "./pinned-link.ts";

const CHUNK_SIZE = 32768;

/** One run of an iterator program: what it prints, read piece by piece. */
export interface IteratorStream extends Disposable, Iterable<Uint8Array> {
  readonly fd: number;
  /** Reads the next piece. @returns its length, 0 at the end, or -errno */
  read(into: Uint8Array): number;
  /** Reads all that is left. */
  readAll(): Uint8Array;
  /** Reads all that is left as UTF-8 text. */
  text(): string;
  close(): void;
}

/**
 * Starts a run of an attached iterator. Each stream runs the program anew.
 *
 * @throws {SystemCallError} when the link is no iterator's.
 */
export function createIterator(link: Link | PinnedLink): IteratorStream {
  const action = `Cannot read iterator${"program" in link ? ` "${link.program.name}"` : ""}`;
  if (link.fd === undefined) throw new WasmBpfError("CLOSED", `${action}: its link is closed`);
  const sys = getSys();
  let fd = checkedCall(
    sys.bpf(BPF_ITER_CREATE, new BpfAttr(8).u32(0, link.fd)),
    "bpf(BPF_ITER_CREATE)",
    action,
  );
  function* pieces(): Generator<Uint8Array> {
    const chunk = new Uint8Array(CHUNK_SIZE);
    for (;;) {
      if (fd < 0) throw new WasmBpfError("CLOSED", `${action}: the stream is closed`);
      const length = sys.read(fd, chunk);
      if (length === 0) return;
      if (length === -EINTR) continue;
      yield chunk.slice(0, checkedCall(length, "read", action));
    }
  }
  const stream: IteratorStream = {
    get fd() {
      return fd;
    },
    read: (into) => sys.read(fd, into),
    readAll() {
      const all = [...pieces()];
      const bytes = new Uint8Array(all.reduce((sum, piece) => sum + piece.length, 0));
      let end = 0;
      for (const piece of all) {
        bytes.set(piece, end);
        end += piece.length;
      }
      return bytes;
    },
    text: () => new TextDecoder().decode(stream.readAll()),
    close() {
      if (fd >= 0) sys.close(fd);
      fd = -1;
    },
    [Symbol.iterator]: pieces,
    [Symbol.dispose]: () => stream.close(),
  };
  return stream;
}
