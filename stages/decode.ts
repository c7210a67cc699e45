import { z } from 'zod';
import { assertHas, configured, type DecodedRecord, type SampledClip } from './clip.js';
import { BufferPool } from './decode/buffer-pool.js';
import { decodeClip } from './decode/decode-clip.js';
import { frameOptions } from './decode/frame-filter.js';
import { limitOptions } from './ffmpeg/limits.js';
import type { VideoIndex } from './probe/video-index.js';
import { whileUnchanged } from './source/content-hash.js';
import { StageError } from './stage-error.js';
import { parseOptions, type WithStage } from './stage-options.js';
import { stage, type StageStream } from './stream.js';

const decodeOptions = z.strictObject({ ...frameOptions.shape, ...limitOptions.shape });

export interface DecodeOptions extends Partial<z.input<typeof decodeOptions>> {
  /** Replaces the way a clip is decoded. */
  readonly core?: typeof decodeClip | undefined;
  /** The core takes memory for frames from its context's pool and keeps none of it; default: avme's own does. */
  readonly pooled?: boolean | undefined;
}

/**
 * Decodes the frames and the audio of clips on one clock, only the span that is needed.
 *
 * Options: `size` (side of the frames that the model sees, pixels; default 224), `storeSize` (short
 * side of the frames that are kept; default `size`), `fit` (`crop`, `short-side`, `pad`, `stretch`;
 * default `crop`), `timeout` (seconds one ffmpeg process may take; default 300), `memory` (GiB;
 * default 4), and those of every stage.
 * @returns a Duplex from {@link SampledClip} to {@link DecodedRecord}; frames are uint8
 *   `[frames, height, width, 3]`, audio float32 mono at 16 kHz
 * @throws RangeError for an option that is wrong. A clip of which no frame can be decoded is a
 *   StageError of the stage `decode`.
 */
export function decode(
  options: WithStage<DecodeOptions, SampledClip> = {},
): StageStream<SampledClip, DecodedRecord> {
  const {
    concurrency,
    window,
    onFailure,
    core = decodeClip,
    pooled = core === decodeClip,
    ...own
  } = options;
  const { size, storeSize, fit, ...limits } = parseOptions('decode', decodeOptions, own);
  const stored = storeSize ?? size;
  // Frames of a core from elsewhere may be anybody's memory.
  const buffers = pooled ? new BufferPool() : undefined;
  /** Why no further clip of a video is tried: each of a thousand could take all the time it is given. */
  const exhausted = new WeakMap<VideoIndex, StageError>();
  return stage(
    'decode',
    async (record: SampledClip, signal): Promise<DecodedRecord[]> => {
      assertHas(record, 'decode', 'sampling', 'sample()');
      const { entry, version, index, sampling } = record;
      const gaveUp = exhausted.get(index);
      if (gaveUp !== undefined) throw gaveUp;
      try {
        const decoded = await whileUnchanged(entry.path, version, () =>
          core(index, sampling, { size: stored, fit }, { ...limits, signal, buffers }),
        );
        const configuration = configured(record, 'decode', { size, storeSize: stored, fit });
        const release = () => {
          buffers?.giveBack(decoded.frames);
        };
        return [{ ...record, configuration, ...decoded, release }];
      } catch (error) {
        if (error instanceof StageError && error.exhausting) exhausted.set(index, error);
        throw error;
      }
    },
    { concurrency, window, onFailure },
  );
}
