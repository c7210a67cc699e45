import type { Measures } from './measures.js';
import { gapsOf, isAbove, isGone, spreadOf, type BySeed, type Verdict } from './statistics.js';

/** Something that the method is said to do, and what the numbers say to it. */
export interface Claim {
  readonly text: string;
  readonly verdict: Verdict;
  /** The gap that it is judged by, in words. */
  readonly gap: string;
}

/** How verdicts come about, for the reader. */
export const RULE =
  'A claim holds where every seed says so and the mean gap is larger than the deviation over the seeds, of the gap and of either side; it does not hold where the opposite is so; otherwise, and with a single seed, it is not decided. An advantage is gone where at most a quarter of it is left.';

const negative = (values: BySeed): BySeed => new Map([...values].map(([seed, value]) => [seed, -value])); // prettier-ignore

const signed = (value: number, digits: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`; // prettier-ignore

/** A gap of errors, relative to what it is compared with. */
function errorGap(a: BySeed, b: BySeed): string {
  const gaps = gapsOf(a, b);
  if (gaps.length === 0) return '';
  const { mean, deviation } = spreadOf(gaps);
  const base = spreadOf([...b.values()]).mean;
  const spread = deviation === null ? '' : ` ± ${(deviation * 1000).toFixed(3)}`;
  return `${signed(mean * 1000, 3)}${spread} · 10⁻³ (${signed((100 * mean) / base, 1)} %)`;
}

/** A gap of accuracies, in points. */
function accuracyGap(a: BySeed, b: BySeed): string {
  const gaps = gapsOf(a, b);
  if (gaps.length === 0) return '';
  const { mean, deviation } = spreadOf(gaps);
  const spread = deviation === null ? '' : ` ± ${(100 * deviation).toFixed(1)}`;
  return `${signed(100 * mean, 1)}${spread} points`;
}

/**
 * What the paper, and the reading of it here, claims, judged by the numbers. CAV-MAE takes part in no
 * claim on errors: it reconstructs single frames under other masks.
 */
export function claimsOf(measures: Measures): Claim[] {
  const av = { variant: 'av' } as const;
  const without = { variant: 'av-no-cross' } as const;
  const picture = { variant: 'v' } as const;
  const error = (text: string, low: BySeed, high: BySeed): Claim => ({
    text,
    verdict: isAbove(high, low),
    gap: errorGap(low, high),
  });
  const accuracy = (text: string, high: BySeed, low: BySeed): Claim => ({
    text,
    verdict: isAbove(high, low),
    gap: accuracyGap(high, low),
  });
  const mse = measures.mse(av);
  const top1 = measures.top1(av);
  const gone = (sound: 'shuffled' | 'presence', how: string): Claim[] => {
    const control = { variant: 'av', sound } as const;
    const [errors, fractions] = [measures.mse(control), measures.top1(control)];
    return [
      {
        text: `Trained ${how}, its lower error is gone`,
        verdict: isGone(negative(mse), negative(errors), negative(measures.mse(picture))),
        gap: errorGap(errors, measures.mse(picture)),
      },
      {
        text: `Trained ${how}, its higher top-1 is gone`,
        verdict: isGone(top1, fractions, measures.top1(picture)),
        gap: accuracyGap(fractions, measures.top1(picture)),
      },
    ];
  };
  return [
    error('AV-MaskEnhancer reconstructs with less error than VideoMAE', mse, measures.mse(picture)),
    error('… and with less than without cross-attention', mse, measures.mse(without)),
    accuracy('AV-MaskEnhancer’s top-1 is above VideoMAE’s', top1, measures.top1(picture)),
    accuracy('… above its own without cross-attention', top1, measures.top1(without)),
    accuracy('… and above CAV-MAE’s', top1, measures.top1({ variant: 'cav-mae' })),
    error('Muted, it reconstructs with more error', mse, measures.mse(av, { sound: 'mute' })),
    accuracy('Muted, it tells less apart', top1, measures.top1(av, { sound: 'mute' })),
    error('With the sounds of other clips, it reconstructs with more error', mse, measures.mse(av, { sound: 'shuffled' })), // prettier-ignore
    accuracy('With the sounds of other clips, it tells less apart', top1, measures.top1(av, { sound: 'shuffled' })), // prettier-ignore
    ...gone('shuffled', 'on the sounds of other clips'),
    ...gone('presence', 'on the presence of sound alone'),
  ];
}
