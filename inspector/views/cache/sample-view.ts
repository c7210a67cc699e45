import { randomFor } from '../../../cache/order/random.js';
import type { Sample } from '../../../cache/records.js';
import { drawTubeMask } from '../../../stages/mask/tube-mask.js';
import { cachedMaskRatio } from '../../../pipeline/training/data/training-batches.js';
import type { MaskAnswer, SampleAnswer } from '../answers.js';
import type { CacheSource } from './cache-source.js';
import type { SampleFilter } from './filter.js';
import { InspectProblem } from '../problem.js';

/** Three digits tell as much as a heat map shows, in half the bytes. */
const round = (value: number) => Number(value.toPrecision(3));

const bitsOf = (mask: Uint8Array) =>
  Array.from(mask, (value) => (value === 0 ? '0' : '1')).join('');

/** Everything about one sample but its pixels. */
export async function sampleAnswer(
  source: CacheSource,
  index: number,
  filter: SampleFilter,
): Promise<SampleAnswer> {
  const { header, mask, mfcc }: Sample = await source.sample(index);
  const reader = await source.reader();
  const { fingerprint, shape } = reader.manifest;
  const { flags, ...rest } = header;
  return {
    ...rest,
    ...flags,
    index,
    fingerprint,
    square: shape.size,
    mask: { ratio: cachedMaskRatio(reader), seed: null, bits: bitsOf(mask) },
    mfcc: {
      frames: shape.mfccFrames,
      cepstra: shape.cepstra,
      values: flags.audioPresent ? Array.from(mfcc, round) : [],
    },
    ...(await source.neighbours(index, filter)),
  };
}

/**
 * Another mask for a sample: of another ratio, of another seed.
 * @throws InspectProblem 400 when the ratio leaves nothing visible or nothing masked
 */
export async function maskAnswer(
  source: CacheSource,
  index: number,
  ratio: number,
  seed: number,
): Promise<MaskAnswer> {
  const { header, mask } = await source.sample(index);
  try {
    const drawn = drawTubeMask(mask.length, ratio, randomFor(seed, 0, header.key, 'mask'));
    return { ratio, seed, bits: bitsOf(drawn) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InspectProblem(400, error.message, { cause: error });
  }
}
