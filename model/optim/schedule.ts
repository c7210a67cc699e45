export interface Schedule {
  /** Steps of the whole run. */
  readonly steps: number;
  readonly warmupSteps: number;
  readonly lr: number;
  readonly minLr: number;
  /** Steps that the run had come to whenever it was extended, in order; default: never. */
  readonly extendedAt?: readonly number[];
}

/**
 * Learning rate of a step: linear warm-up from 0, then half a cosine down to `minLr`. Where the run
 * was extended, another half cosine goes from the last rate down to 0.
 * @param step number of the step, from 0 (the first step of a warm-up has rate 0, as VideoMAE's)
 */
export function cosineWithWarmup(
  step: number,
  { steps, warmupSteps, lr, minLr, extendedAt = [] }: Schedule,
): number {
  const from = extendedAt.at(-1);
  if (from !== undefined) {
    const before = { steps: from, warmupSteps, lr, minLr, extendedAt: extendedAt.slice(0, -1) };
    if (step < from) return cosineWithWarmup(step, before);
    const progress = Math.min(1, (step - from) / Math.max(1, steps - from));
    return 0.5 * cosineWithWarmup(from - 1, before) * (1 + Math.cos(Math.PI * progress));
  }
  if (step < warmupSteps) return (lr * step) / Math.max(1, warmupSteps - 1);
  const progress = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  return minLr + 0.5 * (lr - minLr) * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}
