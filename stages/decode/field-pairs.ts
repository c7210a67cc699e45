import { surveyFrames } from './decode-frames.js';
import { lastAtOrBefore, nominalInterval } from '../sample/frame-times.js';
import type { RunContext, VideoIndex } from '../probe/video-index.js';

/** Fields looked at: enough to know how the stream is coded. */
const TRIAL = 64;

/** Keeps one time of each pair of fields. @param anchor the time of a whole frame @param step a frame step */
export function firstFields(times: Float64Array, anchor: number, step: number): Float64Array {
  let last = NaN;
  const start = Math.max(0, lastAtOrBefore(times, anchor + step / 8));
  return times.filter((time, i) => {
    if (i < start || time - last < 0.75 * step) return false;
    last = time;
    return true;
  });
}

/**
 * In interlaced video a packet can be one field of a frame: packets then come at twice the frame
 * rate. Only the decoder knows, so the first frames are decoded and compared.
 */
export async function pairFields(index: VideoIndex, context: RunContext): Promise<VideoIndex> {
  const [first = 0] = index.times;
  const last = index.times[Math.min(TRIAL, index.times.length) - 1] ?? first;
  const { times: frames } = await surveyFrames(index, first, last, context);
  const [anchor] = frames;
  const interval = nominalInterval(frames, index.interval);
  if (anchor === undefined || interval < 1.5 * index.interval) return index;
  return { ...index, interval, times: firstFields(index.times, anchor, interval) };
}
