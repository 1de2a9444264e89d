/** Medians and their table. */

export interface Row {
  readonly name: string;
  readonly samples: readonly number[];
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** @param baseline name of the row that the ratios are against */
export function formatTable(title: string, unit: string, rows: readonly Row[], baseline: string): string {
  const against = median(rows.find((row) => row.name === baseline)?.samples ?? []);
  const lines = rows.map(({ name, samples }) => {
    const value = median(samples);
    const ratio = `${(value / against).toFixed(2)} x`;
    return `  ${name.padEnd(44)} ${value.toFixed(1).padStart(8)} ${unit} ${ratio.padStart(9)}   (${Math.min(...samples).toFixed(1)} .. ${Math.max(...samples).toFixed(1)})`;
  });
  const count = rows[0]?.samples.length ?? 0;
  return [`${title}: median of ${count}, ratio to ${baseline}, lowest .. highest`, ...lines].join("\n");
}
