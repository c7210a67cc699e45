import { CEPSTRA, mfccFeatures } from './audio/mfcc-features.js';
import { assertHas, configuredNumber, type DescribedClip, type MaskedClip } from './clip.js';
import type { WithStage } from './stage-options.js';
import { stage, type StageStream } from './stream.js';

export interface MfccOptions {
  /** Replaces the way features are computed. */
  readonly core?: typeof mfccFeatures | undefined;
}

/** MFCC frames of a clip, N_len: four a source frame step, as in TalkNet. */
export const mfccFramesOf = (frames: number, stride: number): number => 4 * frames * stride;

/** N_len of a record's clip. @throws RangeError where no sample() stands in front */
export const recordFrames = (record: MaskedClip, name: string): number =>
  mfccFramesOf(
    configuredNumber(record, name, 'frames', 'sample()'),
    configuredNumber(record, name, 'stride', 'sample()'),
  );

/**
 * Computes the MFCCs of each clip's audio on the time grid of its frames: four a source frame step,
 * 13 cepstra of 26 mel bands; zeros where the clip is silent.
 * @returns a Duplex from {@link MaskedClip} to {@link DescribedClip}; `mfcc` is float32
 *   `[4 · frames · stride, 13]`
 */
export function mfcc(
  options: WithStage<MfccOptions, MaskedClip> = {},
): StageStream<MaskedClip, DescribedClip> {
  const { concurrency, window, onFailure, core = mfccFeatures } = options;
  return stage(
    'mfcc',
    (record: MaskedClip): DescribedClip[] => {
      assertHas(record, 'mfcc', 'audio', 'decode()');
      const count = recordFrames(record, 'mfcc');
      const { audio } = record;
      const features = audio === null ? new Float32Array(count * CEPSTRA) : core(audio, count);
      return [{ ...record, mfcc: features }];
    },
    { concurrency, window, onFailure },
  );
}
