import { z } from 'zod';
import { lastAtOrBefore } from './frame-times.js';
import { stretchesOf, type Stretch } from './stretches.js';

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
  /** Clips a video; they overlap when it is short. */
  clips: z.coerce.number().int().min(1).max(1000).default(1),
  /** `even`: spread over the video, for evaluation; `random`: each start drawn by itself, for training. */
  sampling: z.enum(['even', 'random']).default('even'),
});
export type SampleOptions = z.infer<typeof sampleOptions>;

/** How many frames a clip has, how far apart, and how many clips there are. */
export type ClipPlan = Pick<SampleOptions, 'frames' | 'stride' | 'clips'>;

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
  /** How many frames repeat the last one because the video (or segment, or stretch) ends first. */
  readonly held: number;
  /** `[start, end)` in seconds: what the clip's sound covers. */
  readonly span: readonly [number, number];
}

/**
 * A frame counts as shown a quarter of a frame step before its time: containers round times (to
 * 1 ms in Matroska), and the step itself is an estimate.
 */
const EARLY = 0.25;

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

/** The stretches that a clip fits into; where there is none, the longest of all. @param length of a clip, seconds */
export function roomyStretches(line: TimeLine, length: number): Stretch[] {
  const stretches = stretchesOf(line, length);
  const slack = EARLY * line.interval;
  const fitting = stretches.filter(({ start, end }) => end - start >= length - slack);
  if (fitting.length > 0) return fitting;
  return [stretches.reduce((best, next) => (next.end - next.start > best.end - best.start ? next : best))]; // prettier-ignore
}

interface Start {
  readonly stretch: Stretch;
  readonly time: number;
}

/** The clip that starts with the frame on display at an instant of a stretch, and stays inside it. */
export function samplingAt(
  stretch: Stretch,
  time: number,
  { frames, stride, interval }: Pick<ClipPlan, 'frames' | 'stride'> & Pick<TimeLine, 'interval'>,
): Sampling {
  const [start = time] = framesOnDisplay(stretch.times, [time], interval);
  const targets = Array.from({ length: frames }, (_, i) => start + i * stride * interval);
  return {
    times: framesOnDisplay(stretch.times, targets, interval),
    targets,
    held: targets.filter((target) => target >= stretch.end - EARLY * interval).length,
    span: [start, start + frames * stride * interval],
  };
}

/** The start that lies a `share` of the way through all the room that the stretches leave. */
function evenStart(stretches: readonly Stretch[], length: number, fraction: number): Start {
  const room = stretches.map(({ start, end }) => Math.max(0, end - start - length));
  let left = fraction * room.reduce((sum, value) => sum + value, 0);
  let at = 0;
  while (at < stretches.length - 1 && left > (room[at] ?? 0)) left -= room[at++] ?? 0;
  const stretch = stretches[at] as Stretch;
  return { stretch, time: stretch.start + Math.min(left, room[at] ?? 0) };
}

/** One of the frames from which on a whole clip fits, all equally likely. */
function drawnStart(
  stretches: readonly Stretch[],
  length: number,
  slack: number,
  chance: number,
): Start {
  const counts = stretches.map(({ times, end }) => Math.max(1, lastAtOrBefore(times, end - length + slack) + 1)); // prettier-ignore
  let left = Math.floor(chance * counts.reduce((sum, count) => sum + count, 0));
  let at = 0;
  while (at < stretches.length - 1 && left >= (counts[at] ?? 0)) left -= counts[at++] ?? 0;
  const stretch = stretches[at] as Stretch;
  return { stretch, time: stretch.times[left] ?? stretch.start };
}

/**
 * Chooses the frames of a video's clips by presentation time alone. A clip spans
 * `frames · stride · interval` seconds, starts at a frame, and its frame `i` is the one on display
 * `i · stride · interval` later. Pauses longer than a clip are left out: no clip lies in one or
 * reaches over it, so that a stray time does not stretch the video.
 * @param chance a number in [0, 1) for each clip, which chooses its first frame among those from
 *   which on a whole clip fits; null: the clips are spread evenly from the first frame to the end
 *   (one clip: in the middle)
 * @returns exactly `clips` samplings; all from the start of the longest stretch where none holds a clip
 */
export function sampleClips(
  line: TimeLine,
  { frames, stride, clips }: ClipPlan,
  chance: ((clip: number) => number) | null = null,
): Sampling[] {
  const { interval } = line;
  const length = frames * stride * interval;
  const slack = EARLY * interval;
  const stretches = roomyStretches(line, length);
  const spacing = { frames, stride, interval };
  return Array.from({ length: clips }, (_, clip) => {
    const { stretch, time } =
      chance === null
        ? evenStart(stretches, length, clips === 1 ? 0.5 : clip / (clips - 1))
        : drawnStart(stretches, length, slack, chance(clip));
    return samplingAt(stretch, time, spacing);
  });
}
