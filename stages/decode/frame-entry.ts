import type { VideoIndex } from '../probe/video-index.js';
import { lastAtOrBefore } from '../sample/frame-times.js';

/** Containers without an index are entered this many seconds early. */
const RUN_UP = 2;

/**
 * Where to enter the file for a frame, in seconds; null: at its beginning.
 * @param early how many keyframes before the one in front of the frame
 */
export function frameEntry(index: VideoIndex, time: number, early = 0): number | null {
  const key = lastAtOrBefore(index.keyframes, time + index.tick / 2) - early;
  const keyTime = index.keyframes[key];
  if (keyTime === undefined || key <= 0) return null;
  // Between the keyframe and the frame every container with an index finds the keyframe.
  const seek = index.seekable ? Math.min(time, index.keyframes[key + 1] ?? time) : keyTime - RUN_UP;
  return seek <= (index.times[0] ?? 0) ? null : seek;
}
