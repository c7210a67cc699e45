import type { MfccStatistics } from './batch.js';

/** By what sound is standardised: mean and deviation of each cepstrum, and of each band of log-mel spectra. */
export interface AudioStatistics {
  readonly mfcc: MfccStatistics;
  readonly mel?: MfccStatistics | undefined;
}

/** Statistics of one set of sounds, and its share of all. */
export interface StatisticsPart {
  readonly weight: number;
  readonly statistics: AudioStatistics;
}

interface Weighted {
  readonly weight: number;
  readonly moments: MfccStatistics;
}

/** Moments of a mixture: means of the means, and of the squares (deviation² + mean²), by weight. */
function mixed(parts: readonly Weighted[], columns: number): MfccStatistics {
  const all = parts.reduce((sum, { weight }) => sum + weight, 0);
  const meanOf = (value: (part: MfccStatistics) => number) =>
    parts.reduce((sum, { weight, moments }) => sum + (weight / all) * value(moments), 0);
  const indices = Array.from({ length: columns }, (_, i) => i);
  const mean = indices.map((i) => meanOf((part) => part.mean[i] ?? 0));
  const std = indices.map((i) => {
    const squares = meanOf((part) => (part.std[i] ?? 0) ** 2 + (part.mean[i] ?? 0) ** 2);
    return Math.sqrt(Math.max(0, squares - (mean[i] ?? 0) ** 2));
  });
  return { mean, std };
}

/**
 * The statistics of several sets of sounds together, as if each were as large as its weight; of one set
 * its own, to the bit. Sets of weight 0 count only where there is no other.
 * @param parts at least one
 */
export function pooledStatistics(parts: readonly StatisticsPart[]): AudioStatistics {
  const heard = parts.filter(({ weight }) => weight > 0);
  const [first = parts[0], ...others] = heard;
  if (first === undefined) throw new RangeError('sound statistics: there is nothing to pool');
  const { mfcc, mel } = first.statistics;
  if (others.length === 0) return { mfcc, ...(mel && { mel }) };
  const pool = (name: 'mfcc' | 'mel', columns: number) =>
    mixed(
      heard.flatMap(({ weight, statistics }) => {
        const moments = statistics[name];
        return moments === undefined ? [] : [{ weight, moments }];
      }),
      columns,
    );
  return {
    mfcc: pool('mfcc', mfcc.mean.length),
    // Not every cache keeps spectra; a model that hears by them takes only caches that do.
    ...(mel && { mel: pool('mel', mel.mean.length) }),
  };
}
