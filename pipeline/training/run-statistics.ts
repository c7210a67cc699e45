import { z } from 'zod';
import { pooledStatistics, type LoaderSource, type SoundStatistics } from '../../stages/index.js';

const moments = z.strictObject({
  mean: z.array(z.number()).readonly(),
  std: z.array(z.number()).readonly(),
});

/** By what a run standardises sound, in its `run.json`. */
export const statisticsDescription = z.strictObject({ mfcc: moments, mel: moments.optional() });

/** Places of a source that have sound, in an epoch of all; relative to the other sources'. */
function soundsOf({ reader, indices, repeat = 1, weight }: LoaderSource): number {
  const { samples, statistics } = reader.manifest;
  const places = weight ?? (indices?.length ?? samples) * repeat;
  return samples === 0 ? 0 : (places * statistics.audioPresent) / samples;
}

/**
 * By what a new run standardises sound, whatever cache it is from: the statistics of what it learns
 * from. They are those of its caches, each as a whole, pooled by how many clips with sound an epoch
 * shows of each.
 */
export function statisticsOf(sources: readonly LoaderSource[]): SoundStatistics {
  return pooledStatistics(
    sources.map((source) => {
      const { mfcc, mel } = source.reader.manifest.statistics;
      return { weight: soundsOf(source), statistics: { mfcc, mel } };
    }),
  );
}

/** What is said where a run of an earlier version is looked at, which did not write its statistics down. */
export const NO_STATISTICS =
  'the run is of an earlier version of avme and does not say by what it standardised sound; it is done by the statistics of the cache that is looked at, which is right only where the run learned from that cache';

/** Something to know of a result that is no error. */
export interface NoteEvent {
  readonly event: 'note';
  readonly text: string;
}
