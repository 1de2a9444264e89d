const LINE_WIDTH = 110;

const ESCAPES: Readonly<Record<number, string>> = { 9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 92: "\\\\" };

/**
 * C string literals, one per line, that together hold exactly `bytes` and the literal's own NUL. Text stays
 * readable; other bytes are octal escapes, which end after three digits, unlike hexadecimal ones.
 */
export function cStringLiterals(bytes: Uint8Array, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (let i = 0; i < bytes.length; i++) {
    const piece = escapeByte(bytes[i] as number, bytes[i + 1], line);
    if (line.length + piece.length > LINE_WIDTH) {
      lines.push(line);
      line = "";
    }
    line += piece;
  }
  lines.push(line);
  return lines.map((text) => `${indent}"${text}"`).join("\n");
}

/** The piece of a literal that stands for one byte, given its follower and what stands before it. */
function escapeByte(byte: number, next: number | undefined, before: string): string {
  const short = ESCAPES[byte];
  if (short !== undefined) return short;
  // NB: two question marks may begin a trigraph.
  if (byte === 0x3f) return before.endsWith("?") ? "\\?" : "?";
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  const octal = byte.toString(8);
  const digitFollows = next !== undefined && next >= 0x30 && next <= 0x37;
  return `\\${digitFollows ? octal.padStart(3, "0") : octal}`;
}
