import type { CacheReader, Sample } from '../../cache/index.js';
import type { ModelConfig } from '../../model/index.js';
import { degrade, otherVideos, type ClipBatch, type DegradeOptions, type LoaderSource, type SoundChoice } from '../../stages/index.js'; // prettier-ignore
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
  readonly worse: Pick<DegradeOptions, 'blur' | 'lowRes'>;
}

/** Clips of one batch, and which samples of the cache they are. */
export interface EvaluatedClips {
  readonly batch: ClipBatch;
  readonly indices: readonly number[];
}

/** For each sample one of another video, whose sound it is heard with. */
class OtherSounds {
  private readonly clips = new Map<string, number[]>();
  private readonly others: ReadonlyMap<string, string>;

  constructor(
    private readonly reader: CacheReader,
    indices: readonly number[],
    seed: number,
  ) {
    for (const index of indices) {
      const { id } = reader.entry(index);
      this.clips.set(id, [...(this.clips.get(id) ?? []), index]);
    }
    this.others = otherVideos([...this.clips.keys()], seed);
  }

  async give(index: number, sample: Sample): Promise<Sample> {
    const { id } = this.reader.entry(index);
    const own = this.clips.get(id) ?? [];
    const theirs = this.clips.get(this.others.get(id) ?? id) ?? [];
    const other = theirs[own.indexOf(index) % theirs.length] ?? index;
    const { header, mfcc, mel } = await this.reader.read(other);
    const flags = { ...sample.header.flags, audioPresent: header.flags.audioPresent };
    return { ...sample, header: { ...sample.header, flags }, mfcc, mel };
  }
}

/** Every clip with sound has the mean sound: all that is left is that there is some. */
function meanSound(batch: ClipBatch): ClipBatch {
  const { mfcc, mel } = batch;
  return { ...batch, mfcc: new Float32Array(mfcc.length), mel: mel && new Float32Array(mel.length) }; // prettier-ignore
}

/** Shows each chosen clip once, in the cache's order, always in the same way. */
export async function* evaluatedClips(request: ClipsRequest): AsyncGenerator<EvaluatedClips> {
  const { source, config, purpose, batch: size, seed, maskRatio, sound, worse } = request;
  const { reader } = source;
  const indices = source.indices ?? Array.from({ length: reader.size }, (_, i) => i);
  const others = sound === 'shuffled' ? new OtherSounds(reader, indices, seed) : undefined;
  const draw = { seed, mask: 'epoch', maskRatio } as const;
  const augment = { crop: 'none', flip: 0 } as const;
  for (let at = 0; at < indices.length; at += size) {
    const chosen = indices.slice(at, at + size);
    const drawn = await Promise.all(
      chosen.map(async (index) => {
        const own = await drawSample(reader, index, PICTURE_EPOCH, draw);
        return others === undefined ? own : { ...own, sample: await others.give(index, own.sample) }; // prettier-ignore
      }),
    );
    const plain = batchFor(reader, config, at, drawn, augment, purpose);
    const heard = sound === 'presence' ? meanSound(plain) : plain;
    const batch = degrade(heard, config.imageSize, { ...worse, mute: sound === 'mute' });
    yield { batch, indices: chosen };
  }
}
