import { CorruptRecordError } from '../../cache/codec/codec.js';
import type { ModelConfig } from '../../model/config.js';
import { degrade, type DegradeOptions } from '../../stages/evaluate/degrade.js';
import { otherClipsOf } from '../../stages/load/other-audio.js';
import type { ClipBatch, DrawnSample } from '../../stages/batch/batch.js';
import type { LoaderSource } from '../../stages/load/options.js';
import type { AudioChoice } from '../../stages/batch/clip-parts.js';
import type { AudioStatistics } from '../../stages/batch/audio-statistics.js';
import {
  batchFor,
  drawSample,
  type BatchPurpose,
  type ClipFormat,
} from '../training/data/training-batches.js';
import { PICTURE_EPOCH } from '../reconstruct.js';

/** A sample that cannot be read, and was passed over. */
export interface SkippedClip {
  readonly key: string;
  readonly id: string;
  readonly message: string;
}

/** How clips are shown to a model. */
export interface Showing {
  readonly config: ModelConfig;
  readonly purpose: BatchPurpose;
  /** Clips a batch. */
  readonly batch: number;
  readonly sound: AudioChoice;
  /** Those of the run; undefined: those of the clips' format. */
  readonly statistics: AudioStatistics | undefined;
  readonly worse: Pick<DegradeOptions, 'blur' | 'lowRes'>;
  /** Where frames are cropped along their longer side, 0 to 1; each clip is shown once for each. */
  readonly crops?: readonly number[] | undefined;
  /** Clips with sound and clips without come in batches of their own. */
  readonly soundApart?: boolean | undefined;
}

/** Which clips of a cache are looked at, and how. */
export interface ClipsRequest extends Showing {
  readonly source: LoaderSource;
  readonly seed: number;
  readonly maskRatio: number;
  /** Told of each sample that cannot be read; where there is nobody to tell, it is an error. */
  readonly onSkip?: ((clip: SkippedClip) => void) | undefined;
}

/** Clips of one batch. */
export interface ShownClips<Tag> {
  readonly batch: ClipBatch;
  /** What each clip is known by. */
  readonly tags: readonly Tag[];
  /** Which of the crops this is, from 0. */
  readonly crop: number;
  /** Whether the batch has as many clips as it can. */
  readonly whole: boolean;
  /** Clips that are heard. */
  readonly heard: number;
}

/** Clips of one batch, and which samples of the cache they are. */
export interface EvaluatedClips extends Omit<ShownClips<number>, 'tags'> {
  readonly indices: readonly number[];
}

/** A clip to be shown, and what it is known by. */
export interface DrawnClip<Tag> {
  readonly tag: Tag;
  readonly drawn: DrawnSample;
}

/** Reads the chosen clips in the cache's order, as many at a time as a batch has. */
async function* drawnClips(request: ClipsRequest): AsyncGenerator<DrawnClip<number>> {
  const { source, batch: size, seed, maskRatio, sound, onSkip } = request;
  const { reader } = source;
  const indices = source.indices ?? Array.from({ length: reader.size }, (_, i) => i);
  const others = sound === 'shuffled' ? otherClipsOf(source, seed) : undefined;
  const draw = { seed, mask: 'epoch', maskRatio } as const;
  const read = async (index: number): Promise<DrawnClip<number>[]> => {
    try {
      return [{ tag: index, drawn: await drawSample(reader, index, PICTURE_EPOCH, draw, others?.get(index)) }]; // prettier-ignore
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
 * Shows each clip once a crop, always in the same way, in batches of one size but for the last, or the
 * last two where sound comes apart.
 * @param format what is to be known of the clips
 */
export async function* showClips<Tag>(
  clips: AsyncIterable<DrawnClip<Tag>>,
  format: ClipFormat,
  { config, purpose, batch: size, sound, statistics, worse, crops = [0.5], soundApart = false }: Showing,
): AsyncGenerator<ShownClips<Tag>> {
  const isHeard = ({ drawn }: DrawnClip<Tag>) =>
    drawn.sample.header.flags.audioPresent && sound !== 'mute';
  let position = 0;
  const show = function* (part: readonly DrawnClip<Tag>[]): Generator<ShownClips<Tag>> {
    const drawn = part.map((clip) => clip.drawn);
    const about = { tags: part.map(({ tag }) => tag), whole: part.length === size, heard: part.filter(isHeard).length }; // prettier-ignore
    for (const [crop, along] of crops.entries()) {
      const augment = { crop: 'none', flip: 0, along } as const;
      const plain = batchFor(format, config, position, drawn, augment, purpose, { sound, statistics }); // prettier-ignore
      yield { batch: degrade(plain, config.imageSize, worse), crop, ...about };
    }
    position += part.length;
  };
  const waiting = { apart: [] as DrawnClip<Tag>[], all: [] as DrawnClip<Tag>[] };
  for await (const clip of clips) {
    const name = soundApart && isHeard(clip) ? 'apart' : 'all';
    waiting[name].push(clip);
    if (waiting[name].length < size) continue;
    yield* show(waiting[name]);
    waiting[name] = [];
  }
  for (const rest of Object.values(waiting)) if (rest.length > 0) yield* show(rest);
} // prettier-ignore

/**
 * Shows the chosen clips of a cache, as {@link showClips}.
 * @throws CorruptRecordError naming a sample that cannot be read, where nobody is told of it
 */
export async function* evaluatedClips(request: ClipsRequest): AsyncGenerator<EvaluatedClips> {
  const shown = showClips(drawnClips(request), request.source.reader, request);
  for await (const { tags: indices, ...rest } of shown) yield { ...rest, indices };
}
