import { z } from 'zod';
import { logMelFeatures } from './audio/log-mel-features.js';
import { assertHas, configured, type DescribedClip } from './clip.js';
import { recordFrames } from './mfcc.js';
import { parseOptions, type WithStage } from './stage-options.js';
import { stage, type StageStream } from './stream.js';

const ownOptions = z.strictObject({ bands: z.int().min(8).max(256).default(128) });

export interface LogMelOptions extends Partial<z.input<typeof ownOptions>> {
  /** Replaces the way spectra are computed. */
  readonly core?: typeof logMelFeatures | undefined;
}

/**
 * Computes the log-mel spectrum of each clip's audio on the time grid of its MFCC (CAV-MAE).
 *
 * Options: `bands` (8 to 256; default 128, as CAV-MAE), and those of every stage.
 * @returns a Duplex from {@link DescribedClip} to {@link DescribedClip}; `mel` is float32
 *   `[4 · frames · stride, bands]`
 * @throws RangeError for an option that is wrong
 */
export function logMel(
  options: WithStage<LogMelOptions, DescribedClip> = {},
): StageStream<DescribedClip, DescribedClip> {
  const { concurrency, window, onFailure, core = logMelFeatures, ...own } = options;
  const { bands } = parseOptions('logMel', ownOptions, own);
  return stage(
    'log-mel',
    (record: DescribedClip): DescribedClip[] => {
      assertHas(record, 'logMel', 'audio', 'decode()');
      const count = recordFrames(record, 'logMel');
      const { audio } = record;
      const mel = audio === null ? new Float32Array(count * bands) : core(audio, count, bands);
      return [{ ...record, configuration: configured(record, 'logMel', { mel: bands }), mel }];
    },
    { concurrency, window, onFailure },
  );
}
