/** A size for people: `812 B`, `12.3 kB`, `4.5 MB`. */
export function formatSize(bytes: number): string {
  return bytes < 10_000
    ? `${bytes} B`
    : bytes < 10_000_000
      ? `${(bytes / 1000).toFixed(1)} kB`
      : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** An argument as it can be pasted into a shell. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_./=,:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Text that may have names from files in it, for a terminal: without control characters but line breaks and tabs. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, "?");
}
