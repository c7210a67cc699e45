import { z } from 'zod';
import type { ClipBatch } from '../batch/batch.js';

export const degradeOptions = z.strictObject({
  /** Deviation of a Gaussian blur of the frames in pixels; 0: none. */
  blur: z.coerce.number().min(0).max(64).default(0),
  /** Frames are scaled down by this factor and up again; 1: not at all. */
  lowRes: z.coerce.number().int().min(1).max(64).default(1),
});
export type DegradeOptions = z.infer<typeof degradeOptions>;

/** Weights of a Gaussian that reaches three deviations to each side; they add up to 1. */
function gaussian(deviation: number): Float32Array {
  const reach = Math.ceil(3 * deviation);
  const weights = Float32Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * deviation ** 2))); // prettier-ignore
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** One direction of the blur; what lies beyond the border is the border. @param step between neighbours */
function blurLines(from: Float32Array, to: Float32Array, lines: readonly number[], step: number, size: number, weights: Float32Array): void {
  const reach = (weights.length - 1) / 2;
  for (const start of lines)
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let j = 0; j < weights.length; j++) {
        const place = Math.min(size - 1, Math.max(0, i + j - reach));
        sum += (weights[j] ?? 0) * (from[start + place * step] ?? 0);
      }
      to[start + i * step] = sum;
    }
} // prettier-ignore

/** @param frame uint8 `[size, size, 3]`, changed in place */
export function blurFrame(frame: Uint8Array, size: number, deviation: number): void {
  const weights = gaussian(deviation);
  const [a, b] = [Float32Array.from(frame), new Float32Array(frame.length)];
  const indices = Array.from({ length: size * 3 }, (_, i) => i);
  const rows = indices.map((i) => Math.floor(i / 3) * size * 3 + (i % 3));
  blurLines(a, b, rows, 3, size, weights);
  blurLines(b, a, indices, size * 3, size, weights);
  for (let i = 0; i < frame.length; i++) frame[i] = Math.round(a[i] ?? 0);
}

/** The mean of each block of `factor`² pixels in its place. @param frame as {@link blurFrame} */
export function coarsenFrame(frame: Uint8Array, size: number, factor: number): void {
  for (let top = 0; top < size; top += factor)
    for (let left = 0; left < size; left += factor)
      for (let c = 0; c < 3; c++) {
        const places: number[] = [];
        for (let y = top; y < Math.min(size, top + factor); y++)
          for (let x = left; x < Math.min(size, left + factor); x++)
            places.push((y * size + x) * 3 + c);
        const mean = places.reduce((sum, at) => sum + (frame[at] ?? 0), 0) / places.length;
        for (const at of places) frame[at] = Math.round(mean);
      }
}

/** The same clips without sound, as if they had none. */
export function muted<B extends ClipBatch>(batch: B): B {
  const silent = (values: Float32Array) => new Float32Array(values.length);
  const { mfcc, mel, audioPresent } = batch;
  return {
    ...batch,
    ...{ mfcc: silent(mfcc), audioPresent: silent(audioPresent), mel: mel && silent(mel) },
  };
}

/**
 * The same clips with worse pictures: what does the sound add when the picture is bad?
 * @param size side of the frames
 */
export function degrade<B extends ClipBatch>(batch: B, size: number, options: DegradeOptions): B {
  const { blur, lowRes } = options;
  if (lowRes === 1 && blur === 0) return batch;
  const video = batch.video.slice();
  for (let at = 0; at < video.length; at += size * size * 3) {
    const frame = video.subarray(at, at + size * size * 3);
    if (lowRes > 1) coarsenFrame(frame, size, lowRes);
    if (blur > 0) blurFrame(frame, size, blur);
  }
  return { ...batch, video };
}
