import { betaQuantile, betaShare, studentQuantile, studentTails } from './distributions.js';

/** Intervals have this chance of holding what they are about, and verdicts the rest of being wrong. */
export const CONFIDENCE = 0.95;
const ERROR = 1 - CONFIDENCE;

/** What a measure came to over seeds. */
export interface Spread {
  readonly values: readonly number[];
  readonly mean: number;
  /** Sample deviation (n − 1); null of a single value. */
  readonly deviation: number | null;
}

/** A measure of one system by seed. */
export type BySeed = ReadonlyMap<number, number>;

/** A range that holds a number, with a chance of {@link CONFIDENCE}. */
export type Interval = readonly [low: number, high: number];

/** @throws RangeError when there is no value */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('there is nothing to take the mean of');
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = values.length < 2 ? null : Math.sqrt(squares / (values.length - 1));
  return { values, mean, deviation };
}

/** What `a` is above `b`, seed by seed; seeds that only one of them has are left out. */
export function gapsOf(a: BySeed, b: BySeed): number[] {
  return [...a].flatMap(([seed, value]) => {
    const other = b.get(seed);
    return other === undefined ? [] : [value - other];
  });
}

/** The mean of a few values, as Student's distribution tells it. */
export interface MeanTest {
  readonly n: number;
  readonly mean: number;
  /** Null of a single value. */
  readonly interval: Interval | null;
  /** The chance of a mean as far from 0 as this where the true one is 0, two-sided; 1 of a single value. */
  readonly p: number;
}

/** Student's t: of paired differences, the paired test. @throws RangeError when there is no value */
export function testMean(values: readonly number[]): MeanTest {
  const { mean, deviation } = spreadOf(values);
  const n = values.length;
  if (deviation === null) return { n, mean, interval: null, p: 1 };
  const error = deviation / Math.sqrt(n);
  const reach = studentQuantile(ERROR, n - 1) * error;
  const p = error > 0 ? studentTails(mean / error, n - 1) : mean === 0 ? 1 : 0;
  return { n, mean, interval: [mean - reach, mean + reach], p };
}

/** Clopper and Pearson's exact interval of a share of which `right` of `n` were found. */
export function shareInterval(right: number, n: number): Interval {
  const low = right === 0 ? 0 : betaQuantile(ERROR / 2, right, n - right + 1);
  const high = right === n ? 1 : betaQuantile(1 - ERROR / 2, right + 1, n - right);
  return [low, high];
}

/**
 * McNemar's exact test of two systems on the same clips, two-sided.
 * @param one clips that only the one had right @param other that only the other had right
 */
export function mcNemar(one: number, other: number): number {
  const [least, all] = [Math.min(one, other), one + other];
  return all === 0 ? 1 : Math.min(1, 2 * betaShare(0.5, all - least, least + 1));
}

/**
 * Holm's correction: of all that are found significant, the chance of a single wrong one is at most
 * what it would be for one test alone.
 * @returns the corrected chances, in the given order
 */
export function holm(chances: readonly number[]): number[] {
  const order = chances.map((_, i) => i).sort((a, b) => (chances[a] ?? 1) - (chances[b] ?? 1));
  const corrected = new Array<number>(chances.length).fill(1);
  let largest = 0;
  order.forEach((at, rank) => {
    largest = Math.max(largest, Math.min(1, (chances.length - rank) * (chances[at] ?? 1)));
    corrected[at] = largest;
  });
  return corrected;
}

export type Verdict = 'holds' | 'does not hold' | 'not decided' | 'not run';

/** @param mean above 0 where the claim is right @param p corrected for all claims */
export function verdictOf(mean: number, p: number): Verdict {
  if (p >= ERROR || mean === 0) return 'not decided';
  return mean > 0 ? 'holds' : 'does not hold';
}

/** Of an advantage so much may be left where it is said to have gone. */
export const LEFT = 0.25;

/**
 * By how much less than a quarter of the advantage of `system` over `base` is left in `control`, seed by
 * seed. All are measures of which more is better.
 */
export function lossesOf(system: BySeed, control: BySeed, base: BySeed): number[] {
  return [...system].flatMap(([seed, value]) => {
    const [left, none] = [control.get(seed), base.get(seed)];
    return left === undefined || none === undefined ? [] : [LEFT * (value - none) - (left - none)];
  });
}
