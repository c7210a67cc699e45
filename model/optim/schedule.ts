export interface Schedule {
  /** Steps of the whole run. */
  readonly steps: number;
  readonly warmupSteps: number;
  readonly lr: number;
  readonly minLr: number;
}

/**
 * Learning rate of a step: linear warm-up from 0, then half a cosine down to `minLr`.
 * @param step number of the step, from 0 (the first step of a warm-up has rate 0, as VideoMAE's)
 */
export function cosineWithWarmup(
  step: number,
  { steps, warmupSteps, lr, minLr }: Schedule,
): number {
  if (step < warmupSteps) return (lr * step) / Math.max(1, warmupSteps - 1);
  const progress = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  return minLr + 0.5 * (lr - minLr) * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}
