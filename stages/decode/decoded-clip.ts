import type { FrameSize } from '../../cache/records.js';
import { tooLong } from '../causes.js';
import type { Sampling } from '../sample/sample-clips.js';
import { StageError } from '../stage-error.js';
import type { DecodedFrames } from './decode-frames.js';

/** A clip's picture and sound. */
export interface DecodedClip extends FrameSize {
  /** uint8 `[frames, height, width, 3]`, RGB. */
  readonly frames: Uint8Array;
  /** Presentation times of what `frames` holds, `[frames]`, seconds. */
  readonly times: readonly number[];
  /** How many frames stand in for one that could not be decoded. */
  readonly substituted: number;
  /** float32 mono at 16 kHz over the clip's span; null where there is none or it is silent. */
  readonly audio: Float32Array | null;
  /** The decoder's complaints, at most 8. */
  readonly warnings: readonly string[];
}

/** Longer spans are no clip: frames minutes apart, whose sound would fill the memory. */
const MAX_SPAN = 600;

/** @throws StageError when frames minutes apart are to be one clip */
export function assertShort({ span: [start, end] }: Sampling, interval: number): void {
  if (end - start > MAX_SPAN) throw new StageError('decode', tooLong(end - start, interval));
}

/** Ascending, each once. */
export const distinct = (times: readonly number[]) => [...new Set(times)].sort((a, b) => a - b);

/** Which of the times is nearest. */
export function nearest(times: readonly number[], wanted: number): number {
  return times.reduce(
    (best, time, i) =>
      Math.abs(time - wanted) < Math.abs((times[best] ?? Infinity) - wanted) ? i : best,
    0,
  );
}

/** Whether the frames that came out are those that were asked for. */
export const isComplete = (
  { times }: Pick<DecodedFrames, 'times'>,
  chosen: readonly number[],
  tick: number,
) => chosen.every((time, i) => Math.abs((times[i] ?? NaN) - time) <= tick / 2);

/** Frames that were decoded, and which of them to show. */
export interface FramesToShow {
  readonly decoded: DecodedFrames;
  /** What to show at each of the clip's frames, `[frames]`, seconds. */
  readonly wanted: readonly number[];
  readonly complaints: readonly string[];
}

/** The frames to show out of those that were decoded; without a copy where these are all of them. */
export function arrange({ decoded, wanted, complaints }: FramesToShow, { times: planned }: Sampling, tick: number) {
  const { height, width, pixels } = decoded;
  const frameBytes = height * width * 3;
  const sources = wanted.map((time) => nearest(decoded.times, time));
  const inOrder = sources.length === decoded.times.length && sources.every((source, i) => source === i);
  const frames = inOrder ? pixels : new Uint8Array(wanted.length * frameBytes);
  if (!inOrder)
    sources.forEach((source, i) => {
      frames.set(pixels.subarray(source * frameBytes, (source + 1) * frameBytes), i * frameBytes);
    });
  const times = sources.map((source) => decoded.times[source] ?? NaN);
  // Without a complaint, a packet that brings no frame was never meant to be shown.
  const damaged = complaints.length > 0;
  const misses = times.filter((time, i) => Math.abs(time - (planned[i] ?? NaN)) > tick / 2);
  return { frames, height, width, times, substituted: damaged ? misses.length : 0 };
} // prettier-ignore
