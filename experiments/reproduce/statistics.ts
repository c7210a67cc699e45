/** What a measure came to over seeds. */
export interface Spread {
  readonly values: readonly number[];
  readonly mean: number;
  /** Sample deviation (n − 1); null of a single value. */
  readonly deviation: number | null;
}

/** A measure of one system by seed. */
export type BySeed = ReadonlyMap<number, number>;

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

export type Verdict = 'holds' | 'does not hold' | 'not decided' | 'not run';

/**
 * Whether `a` is above `b`. It is when every seed says so, and the mean gap is larger than what seeds
 * make of it: than the deviation of the gap and of either of the two. One seed decides nothing.
 */
export function isAbove(a: BySeed, b: BySeed): Verdict {
  const gaps = gapsOf(a, b);
  if (gaps.length === 0) return 'not run';
  if (gaps.length < 2) return 'not decided';
  const { mean, deviation } = spreadOf(gaps);
  const noise = Math.max(...[deviation, spreadOf([...a.values()]).deviation, spreadOf([...b.values()]).deviation].map((one) => one ?? 0)); // prettier-ignore
  if (Math.abs(mean) <= noise || !gaps.every((gap) => Math.sign(gap) === Math.sign(mean)))
    return 'not decided';
  return mean > 0 ? 'holds' : 'does not hold';
}

/** Of an advantage so much may be left where it is said to have gone. */
const LEFT = 0.25;

/**
 * Whether the advantage of `system` over `base` is gone in `control`: at most a quarter of it is left.
 * All are measures of which more is better.
 */
export function isGone(system: BySeed, control: BySeed, base: BySeed): Verdict {
  const [whole, left] = [gapsOf(system, base), gapsOf(control, base)];
  if (left.length === 0 || whole.length === 0) return 'not run';
  // Where there was none, none can go.
  if (isAbove(system, base) !== 'holds' || left.length < 2) return 'not decided';
  if (spreadOf(left).mean <= LEFT * spreadOf(whole).mean) return 'holds';
  return isAbove(control, base) === 'holds' ? 'does not hold' : 'not decided';
}
