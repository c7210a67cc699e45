import type { Count, Histogram } from '../answers.js';

const BINS = 16;
/** So few different values are shown one by one. */
const FEW = 12;

/** A width of bins that is 1, 2 or 5 times a power of ten and makes at most {@link BINS} of them. */
function roundWidth(range: number): number {
  const power = 10 ** Math.floor(Math.log10(range / BINS));
  return ([1, 2, 5, 10].find((factor) => range / (factor * power) <= BINS) ?? 10) * power;
}

/**
 * Counts values: one bin a value where there are few, else bins with round edges, which hold
 * `[from, to)`. Values are taken to two decimals; what is not finite is left out.
 */
export function histogram(values: Iterable<number>): Histogram {
  const sorted = Float64Array.from(values, (value) => Math.round(value * 100) / 100)
    .filter(Number.isFinite)
    .sort();
  const least = sorted[0] ?? 0;
  const most = sorted.at(-1) ?? 0;
  const median = sorted[sorted.length >> 1] ?? 0;
  const counts = new Map<number, number>();
  for (const value of sorted) {
    counts.set(value, (counts.get(value) ?? 0) + 1);
    if (counts.size > FEW) break;
  }
  if (counts.size <= FEW) {
    const bins = [...counts].map(([value, count]) => ({ from: value, to: value, count }));
    return { bins, least, median, most };
  }
  const width = roundWidth(most - least);
  const first = Math.floor(least / width);
  const bins = new Array<number>(Math.floor(most / width) - first + 1).fill(0);
  for (const value of sorted) {
    const bin = Math.floor(value / width) - first;
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  const edge = (i: number) => Number(((first + i) * width).toPrecision(12));
  return {
    bins: bins.map((count, i) => ({ from: edge(i), to: edge(i + 1), count })),
    least,
    median,
    most,
  };
}

/** How often each value occurs, the most frequent first, then by value. */
export function countValues(values: Iterable<string>): Count[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}
