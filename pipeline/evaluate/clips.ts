import { CorruptRecordError } from '../../cache/codec/codec.js';
import type { ModelConfig } from '../../model/config.js';
import { degrade, type DegradeOptions } from '../../stages/evaluate/degrade.js';
import { otherClipsOf } from '../../stages/load/other-audio.js';
import type { ClipBatch, DrawnSample } from '../../stages/batch/batch.js';
import type { LoaderSource } from '../../stages/load/options.js';
import type { AudioChoice } from '../../stages/batch/clip-parts.js';
import type { AudioStatistics } from '../../stages/batch/audio-statistics.js';
import { batchFor, drawSample, type BatchPurpose } from '../training/data/training-batches.js';
import { PICTURE_EPOCH } from '../reconstruct.js';

/** A sample that cannot be read, and was passed over. */
export interface SkippedClip {
  readonly key: string;
  readonly id: string;
  readonly message: string;
}

/** Which clips are looked at, and how. */
export interface ClipsRequest {
  readonly source: LoaderSource;
  readonly config: ModelConfig;
  readonly purpose: BatchPurpose;
  /** Clips a batch. */
  readonly batch: number;
  readonly seed: number;
  readonly maskRatio: number;
  readonly sound: AudioChoice;
  /** Those of the run; undefined: the cache's. */
  readonly statistics: AudioStatistics | undefined;
  readonly worse: Pick<DegradeOptions, 'blur' | 'lowRes'>;
  /** Where frames are cropped along their longer side, 0 to 1; each clip is shown once for each. */
  readonly crops?: readonly number[] | undefined;
  /** Clips with sound and clips without come in batches of their own. */
  readonly soundApart?: boolean | undefined;
  /** Told of each sample that cannot be read; where there is nobody to tell, it is an error. */
  readonly onSkip?: ((clip: SkippedClip) => void) | undefined;
}

/** Clips of one batch, and which samples of the cache they are. */
export interface EvaluatedClips {
  readonly batch: ClipBatch;
  readonly indices: readonly number[];
  /** Which of the crops this is, from 0. */
  readonly crop: number;
  /** Whether the batch has as many clips as it can. */
  readonly whole: boolean;
  /** Clips that are heard. */
  readonly heard: number;
}

interface DrawnClip {
  readonly index: number;
  readonly drawn: DrawnSample;
}

/** Reads the chosen clips in the cache's order, as many at a time as a batch has. */
async function* drawnClips(request: ClipsRequest): AsyncGenerator<DrawnClip> {
  const { source, batch: size, seed, maskRatio, sound, onSkip } = request;
  const { reader } = source;
  const indices = source.indices ?? Array.from({ length: reader.size }, (_, i) => i);
  const others = sound === 'shuffled' ? otherClipsOf(source, seed) : undefined;
  const draw = { seed, mask: 'epoch', maskRatio } as const;
  const read = async (index: number): Promise<DrawnClip[]> => {
    try {
      return [{ index, drawn: await drawSample(reader, index, PICTURE_EPOCH, draw, others?.get(index)) }]; // prettier-ignore
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      const { message } = error;
      if (onSkip === undefined)
        throw new CorruptRecordError(
          `${message}; avme verify finds all such samples, --bad-records skip goes on without them`,
          { cause: error },
        );
      const { key, id } = reader.entry(index);
      onSkip({ key, id, message });
      return [];
    }
  };
  for (let at = 0; at < indices.length; at += size)
    yield* (await Promise.all(indices.slice(at, at + size).map(read))).flat();
}

/**
 * Shows each chosen clip once a crop, always in the same way. Batches are whole but for the last, or the
 * last two where sound comes apart.
 * @throws CorruptRecordError naming a sample that cannot be read, where nobody is told of it
 */
export async function* evaluatedClips(request: ClipsRequest): AsyncGenerator<EvaluatedClips> {
  const { source, config, purpose, batch: size, sound, statistics, worse } = request;
  const { crops = [0.5], soundApart = false } = request;
  const isHeard = ({ drawn }: DrawnClip) =>
    drawn.sample.header.flags.audioPresent && sound !== 'mute';
  let position = 0;
  const show = function* (clips: readonly DrawnClip[]): Generator<EvaluatedClips> {
    const drawn = clips.map((clip) => clip.drawn);
    const about = { indices: clips.map(({ index }) => index), whole: clips.length === size, heard: clips.filter(isHeard).length }; // prettier-ignore
    for (const [crop, along] of crops.entries()) {
      const augment = { crop: 'none', flip: 0, along } as const;
      const plain = batchFor(source.reader, config, position, drawn, augment, purpose, { sound, statistics }); // prettier-ignore
      yield { batch: degrade(plain, config.imageSize, worse), crop, ...about };
    }
    position += clips.length;
  };
  const waiting = { apart: [] as DrawnClip[], all: [] as DrawnClip[] };
  for await (const clip of drawnClips(request)) {
    const name = soundApart && isHeard(clip) ? 'apart' : 'all';
    waiting[name].push(clip);
    if (waiting[name].length < size) continue;
    yield* show(waiting[name]);
    waiting[name] = [];
  }
  for (const rest of Object.values(waiting)) if (rest.length > 0) yield* show(rest);
}
