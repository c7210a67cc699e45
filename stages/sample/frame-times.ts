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
