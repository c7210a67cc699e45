/** A part of a time line without long pauses; at least one frame. */
export interface Stretch {
  /** Presentation times of its frames, seconds, ascending and distinct. */
  readonly times: readonly number[];
  readonly start: number;
  /** When its last frame's display ends, a long pause not counted. */
  readonly end: number;
}

/**
 * Parts a time line at its pauses: gaps, and a last display, of more than `pause` seconds. A recording
 * that was interrupted and one stray time far from all others both look like that.
 * @param line times ascending and distinct, at least one; when the last one's display ends; the frame step
 * @returns the stretches in their order, at least one
 */
export function stretchesOf(
  {
    times,
    end,
    interval,
  }: { readonly times: ArrayLike<number>; readonly end: number; readonly interval: number },
  pause: number,
): Stretch[] {
  const stretches: Stretch[] = [];
  let from = 0;
  for (let i = 0; i < times.length; i++) {
    const time = times[i] ?? NaN;
    const next = times[i + 1] ?? end;
    const isLast = i === times.length - 1;
    const isBreak = next - time > pause;
    if (!isLast && !isBreak) continue;
    const part = Array.prototype.slice.call(times, from, i + 1) as number[];
    stretches.push({ times: part, start: part[0] ?? time, end: isBreak ? time + interval : next });
    from = i + 1;
  }
  return stretches;
}
