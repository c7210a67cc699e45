import { z } from 'zod';
import { audioOptions, type MfccKind } from './audio/audio-options.js';
import { CEPSTRA, mfccFeatures } from './audio/mfcc-features.js';
import { talknetMfcc } from './audio/talknet-mfcc.js';
import {
  assertHas,
  configured,
  configuredNumber,
  type DescribedClip,
  type MaskedClip,
} from './clip.js';
import { parseOptions, type WithStage } from './stage-options.js';
import { stage, type StageStream } from './stream.js';

const ownOptions = z.strictObject({ kind: audioOptions.shape.mfcc });

const CORES: Readonly<Record<MfccKind, typeof mfccFeatures>> = {
  meyda: mfccFeatures,
  talknet: talknetMfcc,
};

export interface MfccOptions extends Partial<z.input<typeof ownOptions>> {
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
 *
 * Options: `kind` (default `meyda`; `talknet`: as TalkNet-ASD takes them), and those of every stage.
 * @returns a Duplex from {@link MaskedClip} to {@link DescribedClip}; `mfcc` is float32
 *   `[4 · frames · stride, 13]`
 * @throws RangeError for an option that is wrong
 */
export function mfcc(
  options: WithStage<MfccOptions, MaskedClip> = {},
): StageStream<MaskedClip, DescribedClip> {
  const { concurrency, window, onFailure, core, ...own } = options;
  const { kind } = parseOptions('mfcc', ownOptions, own);
  const compute = core ?? CORES[kind];
  return stage(
    'mfcc',
    (record: MaskedClip): DescribedClip[] => {
      assertHas(record, 'mfcc', 'audio', 'decode()');
      const count = recordFrames(record, 'mfcc');
      const { audio } = record;
      const features = audio === null ? new Float32Array(count * CEPSTRA) : compute(audio, count);
      // Caches of before say nothing of it, and keep their fingerprint.
      const configuration = kind === 'meyda' ? record.configuration : configured(record, 'mfcc', { mfcc: kind }); // prettier-ignore
      return [{ ...record, configuration, mfcc: features }];
    },
    { concurrency, window, onFailure },
  );
}
