import { z } from 'zod';

export const sampleOptions = z.strictObject({
  /** Frames of a clip; tubelets take two each, so the number is even. */
  frames: z.coerce
    .number()
    .int()
    .min(2)
    .max(128)
    .multipleOf(2, 'must be even: a tubelet spans two frames')
    .default(16),
  /** Frame steps of the video from one frame of the clip to the next. */
  stride: z.coerce.number().int().min(1).max(64).default(4),
  /** Clips a video, spread evenly over it; they overlap when it is short. */
  clips: z.coerce.number().int().min(1).max(1000).default(1),
});
export type SampleOptions = z.infer<typeof sampleOptions>;

/** What is known of a video's time line; times in seconds on the source's own clock. */
export interface TimeLine {
  /** Presentation times of the frames, ascending and distinct, at least one. */
  readonly times: ArrayLike<number>;
  /** When the last frame's display ends. */
  readonly end: number;
  /** The nominal frame step in seconds. */
  readonly interval: number;
}

/** Where a clip's frames are. */
export interface Sampling {
  /** Presentation times of the chosen frames, `[frames]`, never descending. */
  readonly times: readonly number[];
  /** The instants that they were chosen for, `[frames]`. */
  readonly targets: readonly number[];
  /** How many frames repeat the last one because the video (or segment) ends first. */
  readonly held: number;
  /** `[start, end)` in seconds: what the clip's sound covers. */
  readonly span: readonly [number, number];
}

/**
 * A frame counts as shown a quarter of a frame step before its time: containers round times (to
 * 1 ms in Matroska), and the step itself is an estimate.
 */
const EARLY = 0.25;

/**
 * The nominal frame step: the mean of the gaps within ±50 % of the median gap. The median alone
 * drifts where times are rounded (33, 34, 33 ms), the mean alone is fooled by pauses.
 * @param times presentation times in seconds, ascending and distinct
 * @param otherwise the step to assume where there is no gap to measure
 */
export function nominalInterval(times: ArrayLike<number>, otherwise: number): number {
  const at = (i: number) => times[i] ?? NaN;
  const gaps = Float64Array.from({ length: Math.max(0, times.length - 1) }, (_, i) => at(i + 1) - at(i)); // prettier-ignore
  const median = gaps.toSorted()[gaps.length >> 1];
  if (median === undefined) return otherwise;
  const ordinary = gaps.filter((gap) => gap >= 0.5 * median && gap <= 1.5 * median);
  return ordinary.reduce((sum, gap) => sum + gap, 0) / ordinary.length;
}

/** The index of the last time that is not after `limit`, or -1. */
export function lastAtOrBefore(times: ArrayLike<number>, limit: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? Infinity) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The time of the frame on display at each target; before the first frame, the first frame's. */
export function framesOnDisplay(
  times: ArrayLike<number>,
  targets: readonly number[],
  interval: number,
): number[] {
  return targets.map(
    (target) => times[Math.max(0, lastAtOrBefore(times, target + EARLY * interval))] ?? NaN,
  );
}

/** The part of a time line between two instants; null where no frame is shown between them. */
export function segmentOf(
  line: TimeLine,
  start: number | null,
  end: number | null,
): TimeLine | null {
  const margin = EARLY * line.interval;
  const { times } = line;
  // The frame on display when the segment starts belongs to it, unless a new one comes just then.
  const from = start === null ? 0 : Math.max(0, lastAtOrBefore(times, start + margin));
  const to = end === null ? times.length - 1 : lastAtOrBefore(times, end - margin);
  if (to < from || (start !== null && start >= line.end)) return null;
  return {
    ...line,
    times: Array.prototype.slice.call(times, from, to + 1) as number[],
    end: end === null ? line.end : Math.min(end, line.end),
  };
}

/**
 * Chooses the frames of a video's clips by presentation time alone. The clips' spans of
 * `frames · stride · interval` seconds are spread evenly from the first frame to the end (one
 * clip: in the middle); each starts at a frame, and frame `i` is the one on display
 * `i · stride · interval` after it.
 * @returns exactly `clips` samplings, all from the start where the video is shorter than a span
 */
export function sampleClips(line: TimeLine, options: SampleOptions): Sampling[] {
  const { frames, stride, clips } = options;
  const { times, interval } = line;
  const length = frames * stride * interval;
  const first = times[0] ?? 0;
  const room = Math.max(0, line.end - first - length);
  return Array.from({ length: clips }, (_, clip) => {
    const wanted = first + room * (clips === 1 ? 0.5 : clip / (clips - 1));
    const [start = first] = framesOnDisplay(times, [wanted], interval);
    const targets = Array.from({ length: frames }, (_, i) => start + i * stride * interval);
    return {
      times: framesOnDisplay(times, targets, interval),
      targets,
      held: targets.filter((target) => target >= line.end - EARLY * interval).length,
      span: [start, start + length],
    };
  });
}
