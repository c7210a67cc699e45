import {
  roomyStretches,
  samplingAt,
  type ClipPlan,
  type Sampling,
  type TimeLine,
} from './sample-clips.js';

/**
 * Clips that slide over a whole video: each starts `every` seconds after the one before, the first at
 * the first frame; the last one ends with the video, so that all of it is seen. As with
 * {@link sampleClips}, no clip lies in a long pause or reaches over it.
 * @param every seconds, more than 0; clips never start at the same frame, however small it is
 * @returns at least one sampling, in the order of their starts
 */
export function slidingWindows(
  line: TimeLine,
  { frames, stride }: Pick<ClipPlan, 'frames' | 'stride'>,
  every: number,
): Sampling[] {
  const { interval } = line;
  const length = frames * stride * interval;
  const spacing = { frames, stride, interval };
  return roomyStretches(line, length).flatMap((stretch) => {
    const { start } = stretch;
    const last = Math.max(start, stretch.end - length);
    const count = Math.floor((last - start) / every) + 1;
    const windows: Sampling[] = [];
    const add = (time: number) => {
      const sampling = samplingAt(stretch, time, spacing);
      if (sampling.span[0] !== windows.at(-1)?.span[0]) windows.push(sampling);
    };
    for (let i = 0; i < count; i++) add(start + i * every);
    add(last);
    return windows;
  });
}
