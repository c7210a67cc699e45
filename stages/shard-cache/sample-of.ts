import type { Sample } from '../../cache/records.js';
import type { DescribedClip } from '../clip.js';

/** The sample that a record becomes. @param key names it, in a cache or without one */
export function sampleOf(record: DescribedClip, key: string): Sample {
  const { entry, contentHash, clip, sampling, frames, mask, mfcc, mel } = record;
  const { height, width, times, audio, substituted, warnings } = record;
  return {
    header: {
      ...entry,
      key,
      contentHash,
      clip: clip.index,
      height,
      width,
      times,
      span: sampling.span,
      flags: { audioPresent: audio !== null, substituted, held: sampling.held, warnings },
    },
    frames,
    mask,
    mfcc,
    ...(mel !== undefined && { mel }),
  };
}
