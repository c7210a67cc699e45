import { systemOf } from '../../../model/systems.js';
import type { ModelConfig } from '../../../model/config.js';
import { pooledStatistics, type AudioStatistics } from '../../../stages/batch/audio-statistics.js';
import type { LoaderSource } from '../../../stages/load/options.js';
import type { AudioChoice } from '../../../stages/batch/clip-parts.js';
import type { RunDescription } from './run-description.js';

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
export function statisticsOf(sources: readonly LoaderSource[]): AudioStatistics {
  return pooledStatistics(
    sources.map((source) => {
      const { mfcc, mel } = source.reader.manifest.statistics;
      return { weight: soundsOf(source), statistics: { mfcc, mel } };
    }),
  );
}

/** Something to know of a result that is no error. */
export interface NoteEvent {
  readonly event: 'note';
  readonly text: string;
}

const NO_STATISTICS =
  'the run is of an earlier version of avme and does not say by what it standardised sound; it is done by the statistics of the cache that is looked at, which is right only where the run learned from that cache';

/** What is to be known of the sound that a run is looked at with, where it hears. */
export function notesOn(
  { statistics, training }: Pick<RunDescription, 'statistics' | 'training'>,
  config: ModelConfig,
  sound: AudioChoice,
): NoteEvent[] {
  if (systemOf(config).fusions.every((fusion) => fusion === 'picture')) return [];
  const learned = training['sound'] ?? 'own';
  return [
    ...(statistics === undefined ? [NO_STATISTICS] : []),
    ...(typeof learned === 'string' && learned !== sound && sound === 'own'
      ? [`the run learned with --sound ${learned}, and is looked at with the clips’ own sound`]
      : []),
  ].map((text) => ({ event: 'note', text }));
}
