import type { SystemName } from '../../model/config.js';
import type { AudioChoice } from '../../stages/batch/clip-parts.js';
import type { Measures, Trained, View } from './measures.js';
import { PAPER } from './paper.js';
import { gapsOf, holm, lossesOf, mcNemar, spreadOf, testMean, verdictOf, type BySeed, type Interval, type MeanTest, type Verdict } from './statistics.js'; // prettier-ignore

/** Something that the method is said to do, and what the numbers say to it. */
export interface Claim {
  readonly text: string;
  readonly verdict: Verdict;
  /** The gap that it is judged by, with its interval, in words; empty where it was not run. */
  readonly gap: string;
  /** Seeds. */
  readonly n: number;
  /** The chance of such a gap where there is none, corrected for all claims; null of fewer than two seeds. */
  readonly p: number | null;
  /** Of accuracies, videos that only one of both had right, over all seeds, with McNemar's chance. */
  readonly discordant: string;
}

/** How verdicts come about, for the reader. */
export const RULE =
  'Gaps are paired by seed; in brackets is their 95 % interval (Student’s t). A claim holds, or the opposite does, where the chance of such a gap by luck alone is below 5 %, corrected for all claims of this table (Holm): in 19 of 20 such tables no verdict is wrong. With a single seed nothing is decided. An advantage is gone where less than a quarter of it is left, by the same test. “Only one right” counts the videos that only the first, or only the other, had right, over all seeds, and the chance of that by McNemar’s exact test; it says nothing of other trainings.';

const negative = (values: BySeed): BySeed => new Map([...values].map(([seed, value]) => [seed, -value])); // prettier-ignore

const signed = (value: number, digits: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`; // prettier-ignore

function gapText({ mean, interval }: { mean: number; interval: Interval | null }, scale: number, digits: number): string {
  const around = interval === null ? '' : ` [${interval.map((end) => signed(scale * end, digits)).join(', ')}]`;
  return `${signed(scale * mean, digits)}${around}`;
} // prettier-ignore

/** A gap of errors, relative to what it is compared with. */
function errorGap(low: BySeed, high: BySeed): string {
  const gaps = gapsOf(low, high);
  if (gaps.length === 0) return '';
  const test = testMean(gaps);
  const base = spreadOf([...high.values()]).mean;
  return `${gapText(test, 1000, 3)} · 10⁻³ (${signed((100 * test.mean) / base, 1)} %)`;
}

/** A gap of accuracies, in points. */
function accuracyGap(high: BySeed, low: BySeed): string {
  const gaps = gapsOf(high, low);
  return gaps.length === 0 ? '' : `${gapText(testMean(gaps), 100, 1)} points`;
}

/** How many videos only one of both had right. */
function discordantText(one: ReadonlyMap<number, string>, other: ReadonlyMap<number, string>): string {
  let [only, lost] = [0, 0];
  for (const [seed, right] of one) {
    const against = other.get(seed);
    // Videos of another number are other videos.
    if (against?.length !== right.length) continue;
    for (let i = 0; i < right.length; i++)
      if (right[i] !== against[i]) {
        if (right[i] === '1') only++;
        else lost++;
      }
  }
  return only + lost === 0 ? '' : `${only} : ${lost}, p ${chanceText(mcNemar(only, lost))}`;
} // prettier-ignore

/** A chance as a reader wants it. */
export const chanceText = (p: number) => (p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`);

/** A claim before all of them are judged together: `test.mean` is above 0 where it is right. */
interface Candidate {
  readonly text: string;
  readonly test: MeanTest | undefined;
  readonly gap: string;
  readonly discordant?: string;
}

function judge(candidates: readonly Candidate[]): Claim[] {
  const tested = candidates.filter(({ test }) => test !== undefined && test.n > 1);
  const corrected = holm(tested.map(({ test }) => test?.p ?? 1));
  const chances = new Map(tested.map((candidate, i) => [candidate, corrected[i] ?? 1]));
  return candidates.map((candidate): Claim => {
    const { text, test, gap, discordant = '' } = candidate;
    const p = chances.get(candidate) ?? null;
    const verdict = test === undefined ? 'not run' : p === null ? 'not decided' : verdictOf(test.mean, p); // prettier-ignore
    return { text, verdict, gap, n: test?.n ?? 0, p, discordant };
  });
}

const tested = (gaps: readonly number[]) => (gaps.length === 0 ? undefined : testMean(gaps));

/** That a control keeps less than a quarter of an advantage, which takes that there is one. */
function goneTest(of: (trained: Trained) => BySeed, sound: AudioChoice): MeanTest | undefined {
  const [system, control, base] = [of({ variant: 'av' }), of({ variant: 'av', sound }), of({ variant: 'v' })]; // prettier-ignore
  const [loss, advantage] = [tested(lossesOf(system, control, base)), tested(gapsOf(system, base))];
  if (loss === undefined || advantage === undefined) return undefined;
  return { ...loss, p: advantage.mean > 0 ? Math.max(loss.p, advantage.p) : 1 };
}

/**
 * What the paper, and the reading of it here, claims, judged by the numbers. CAV-MAE takes part in no
 * claim on errors: it reconstructs single frames under other masks.
 */
export function claimsOf(measures: Measures): Claim[] {
  const av = { variant: 'av' } as const;
  const picture = { variant: 'v' } as const;
  const only = (variant: SystemName) => ({ variant });
  const at = (maskRatio: number, variant: SystemName = 'av'): Trained => ({ variant, maskRatio });
  const error = (text: string, low: Trained, high: Trained, look: View = {}): Candidate => {
    const [less, more] = [measures.mse(low), measures.mse(high, look)];
    return { text, test: tested(gapsOf(more, less)), gap: errorGap(less, more) };
  };
  const accuracy = (text: string, high: Trained, low: Trained, look: View = {}): Candidate => {
    const [more, less] = [measures.top1(high), measures.top1(low, look)];
    const discordant = discordantText(measures.right(high), measures.right(low, look));
    return { text, test: tested(gapsOf(more, less)), gap: accuracyGap(more, less), discordant };
  };
  const top5 = (text: string, high: Trained, low: Trained): Candidate => {
    const [more, less] = [measures.top5(high), measures.top5(low)];
    return { text, test: tested(gapsOf(more, less)), gap: accuracyGap(more, less) };
  };
  const gone = (sound: 'shuffled' | 'presence', how: string): Candidate[] => {
    const control = { variant: 'av', sound } as const;
    return [
      {
        text: `Trained ${how}, its lower error is gone`,
        test: goneTest((one) => negative(measures.mse(one)), sound),
        gap: errorGap(measures.mse(control), measures.mse(picture)),
      },
      {
        text: `Trained ${how}, its higher top-1 is gone`,
        test: goneTest((one) => measures.top1(one), sound),
        gap: accuracyGap(measures.top1(control), measures.top1(picture)),
      },
    ];
  };
  const best = PAPER.tableIIRatio;
  return judge([
    error('AV-MaskEnhancer reconstructs with less error than VideoMAE', av, picture),
    error('… than the concatenation alone', av, only('av-no-cross')),
    error('… than the concatenation alone with as many weights', av, { variant: 'av-no-cross', sizeMatched: true }), // prettier-ignore
    error('… than self-attention alone: cross-attention adds to it', av, only('av-self')),
    error('… than cross-attention alone: self-attention adds to it', av, only('av-cross')),
    accuracy('AV-MaskEnhancer’s top-1 is above VideoMAE’s', av, picture),
    top5('… its top-5 above VideoMAE’s', av, picture),
    accuracy('… above its own with the concatenation alone', av, only('av-no-cross')),
    accuracy('… with self-attention alone', av, only('av-self')),
    accuracy('… with cross-attention alone', av, only('av-cross')),
    accuracy('… and above CAV-MAE’s', av, only('cav-mae')),
    accuracy('90 % masked is best: its top-1 is above that of 75 %', at(best), at(0.75)),
    accuracy('… and above that of 95 %', at(best), at(0.95)),
    accuracy('95 % masked is still above VideoMAE', at(0.95), picture),
    accuracy('90 % masked, it is above the concatenation alone (Table II)', at(best), at(best, 'av-no-cross')), // prettier-ignore
    error('Muted, it reconstructs with more error', av, av, { sound: 'mute' }),
    accuracy('Muted, it tells less apart', av, av, { sound: 'mute' }),
    error('With the sounds of other clips, it reconstructs with more error', av, av, { sound: 'shuffled' }), // prettier-ignore
    accuracy('With the sounds of other clips, it tells less apart', av, av, { sound: 'shuffled' }),
    ...gone('shuffled', 'on the sounds of other clips'),
    ...gone('presence', 'on the presence of sound alone'),
  ]);
}
