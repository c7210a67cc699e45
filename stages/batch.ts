import type { ClipShape, Sample } from '../cache/index.js';
import { augmentClip, type AugmentOptions, type Draw } from './augment.js';
import { tokenOrder } from './mask.js';

/** Clips as the model takes them, one after the other in flat arrays. */
export interface ClipBatch {
  /** Place of the first clip in the endless sequence of training samples; with the seed, all there is to know. */
  readonly position: number;
  readonly keys: readonly string[];
  /** uint8 `[clips, frames, size, size, 3]`, RGB. */
  readonly video: Uint8Array;
  /** Token indices the encoder sees, `[clips, visible]`, ascending. */
  readonly visible: Int32Array;
  /** Token indices to be reconstructed, `[clips, masked]`, ascending. */
  readonly masked: Int32Array;
  /** Standardised MFCCs, float32 `[clips, mfccFrames, cepstra]`; zeros where there is no sound. */
  readonly mfcc: Float32Array;
  /** 1 where the clip has sound, `[clips]`. */
  readonly audioPresent: Float32Array;
}

/** Mean and standard deviation of each cepstrum over the cache. */
export interface MfccStatistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A sample that is about to become part of a batch, with what was drawn for it. */
export interface DrawnSample {
  readonly sample: Sample;
  readonly mask: Uint8Array;
  readonly draw: Draw;
}

export interface BatchOptions {
  readonly shape: ClipShape;
  /** Side of the frames that the model takes; the stored ones are scaled to it. */
  readonly imageSize: number;
  /** Temporal slots of tubelets: frames / 2. */
  readonly slots: number;
  readonly augment: AugmentOptions;
  readonly statistics: MfccStatistics;
}

/** (mfcc − mean) / std per cepstrum; a clip without sound stays zero. @param out written in place */
export function standardizeMfcc(
  mfcc: Float32Array,
  { mean, std }: MfccStatistics,
  out: Float32Array,
): void {
  const cepstra = mean.length;
  for (let i = 0; i < mfcc.length; i++) {
    const c = i % cepstra;
    // A cepstrum that never changes carries nothing; it must not become a division by zero.
    out[i] = ((mfcc[i] ?? 0) - (mean[c] ?? 0)) / Math.max(std[c] ?? 1, 1e-6);
  }
}

/**
 * Puts samples together into one batch: augmented, standardised, with the token order of their masks.
 * A pure function of the samples and of what their `draw`s yield.
 * @throws RangeError when the masks do not leave the same number of tokens visible
 */
export function assembleBatch(
  position: number,
  drawn: readonly DrawnSample[],
  { shape, imageSize, slots, augment, statistics }: BatchOptions,
): ClipBatch {
  const pixels = shape.frames * imageSize * imageSize * 3;
  const cepstra = shape.mfccFrames * shape.cepstra;
  const video = new Uint8Array(drawn.length * pixels);
  const mfcc = new Float32Array(drawn.length * cepstra);
  const orders = drawn.map(({ mask }) => tokenOrder(mask, slots));
  const count = orders[0]?.visible.length ?? 0;
  if (orders.some((order) => order.visible.length !== count))
    throw new RangeError(
      'batch: masks leave different numbers of tokens visible; draw all with one ratio',
    );
  drawn.forEach(({ sample, draw }, i) => {
    const out = video.subarray(i * pixels, (i + 1) * pixels);
    augmentClip(sample.frames, shape.size, augment, draw, imageSize, out);
    if (sample.header.flags.audioPresent)
      standardizeMfcc(sample.mfcc, statistics, mfcc.subarray(i * cepstra, (i + 1) * cepstra));
  });
  return {
    position,
    keys: drawn.map(({ sample }) => sample.header.key),
    video,
    visible: concat(orders.map((order) => order.visible)),
    masked: concat(orders.map((order) => order.masked)),
    mfcc,
    audioPresent: Float32Array.from(drawn, ({ sample }) =>
      sample.header.flags.audioPresent ? 1 : 0,
    ),
  };
}

function concat(parts: readonly Int32Array[]): Int32Array {
  const out = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
