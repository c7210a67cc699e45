import type { ModelConfig } from '../../model/index.js';
import { degrade, otherClipsOf, type ClipBatch, type DegradeOptions, type LoaderSource, type SoundStatistics, type SoundChoice } from '../../stages/index.js'; // prettier-ignore
import { batchFor, drawSample, type BatchPurpose } from '../training/training-batches.js';
import { PICTURE_EPOCH } from '../reconstruct.js';

/** Which clips are looked at, and how. */
export interface ClipsRequest {
  readonly source: LoaderSource;
  readonly config: ModelConfig;
  readonly purpose: BatchPurpose;
  /** Clips a batch. */
  readonly batch: number;
  readonly seed: number;
  readonly maskRatio: number;
  readonly sound: SoundChoice;
  /** Those of the run; undefined: the cache's. */
  readonly statistics: SoundStatistics | undefined;
  readonly worse: Pick<DegradeOptions, 'blur' | 'lowRes'>;
}

/** Clips of one batch, and which samples of the cache they are. */
export interface EvaluatedClips {
  readonly batch: ClipBatch;
  readonly indices: readonly number[];
}

/** Shows each chosen clip once, in the cache's order, always in the same way. */
export async function* evaluatedClips(request: ClipsRequest): AsyncGenerator<EvaluatedClips> {
  const {
    source,
    config,
    purpose,
    batch: size,
    seed,
    maskRatio,
    sound,
    statistics,
    worse,
  } = request;
  const { reader } = source;
  const indices = source.indices ?? Array.from({ length: reader.size }, (_, i) => i);
  const others = sound === 'shuffled' ? otherClipsOf(source, seed) : undefined;
  const draw = { seed, mask: 'epoch', maskRatio } as const;
  const augment = { crop: 'none', flip: 0 } as const;
  for (let at = 0; at < indices.length; at += size) {
    const chosen = indices.slice(at, at + size);
    const drawn = await Promise.all(
      chosen.map((index) => drawSample(reader, index, PICTURE_EPOCH, draw, others?.get(index))),
    );
    const plain = batchFor(reader, config, at, drawn, augment, purpose, { sound, statistics });
    const batch = degrade(plain, config.imageSize, { ...worse, mute: false });
    yield { batch, indices: chosen };
  }
}
