const DIGITS = 6;

/** A number as C's `%f` prints it: six digits, rounded to even, however large it is. */
export function formatDouble(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const isNegative = bits >> 63n !== 0n;
  if (exponent === 0x7ff) return special(isNegative, fraction !== 0n);
  const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n);
  return decimal(isNegative, mantissa, Math.max(exponent, 1) - 1075);
}

/**
 * A `long double` of x86 as C's `%Lf` prints it.
 *
 * @param mantissa all 64 bits of it
 * @param head sign and exponent
 */
export function formatExtended(mantissa: bigint, head: number): string {
  const exponent = head & 0x7fff;
  const isNegative = (head & 0x8000) !== 0;
  if (exponent === 0x7fff) return special(isNegative, BigInt.asUintN(63, mantissa) !== 0n);
  return decimal(isNegative, mantissa, Math.max(exponent, 1) - 16446);
}

function special(isNegative: boolean, isNan: boolean): string {
  return `${isNegative ? "-" : ""}${isNan ? "nan" : "inf"}`;
}

/** mantissa * 2^exponent */
function decimal(isNegative: boolean, mantissa: bigint, exponent: number): string {
  const scaled = mantissa * 10n ** BigInt(DIGITS);
  let digits: string;
  if (exponent >= 0) {
    digits = (scaled << BigInt(exponent)).toString();
  } else {
    const shift = BigInt(-exponent);
    const whole = scaled >> shift;
    const twice = (scaled - (whole << shift)) << 1n;
    const half = 1n << shift;
    const roundUp = twice > half || (twice === half && (whole & 1n) === 1n);
    digits = (whole + (roundUp ? 1n : 0n)).toString();
  }
  const padded = digits.padStart(DIGITS + 1, "0");
  return `${isNegative ? "-" : ""}${padded.slice(0, -DIGITS)}.${padded.slice(-DIGITS)}`;
}
