import type { LeasedBatch } from './load/leased-batch.js';
import { stage, type StageStream } from './stream.js';
import type { StepResult, Trainer } from './train/train.js';

/** A step that was taken. */
export interface TrainedStep extends StepResult {
  /** Clips of the step. */
  readonly clips: number;
  /** Clips of it that stand in for others whose records are damaged. */
  readonly replaced: number;
  /** Seconds since the step before it. */
  readonly seconds: number;
  /** Seconds of these that went by before its batches were there. */
  readonly waited: number;
}

export interface TrainOptions<B> {
  /** Batches that a step is taken on; default 1. */
  readonly accumulate?: number | undefined;
  /** From a loaded batch to what the trainer's objective takes; default the batch itself. */
  readonly prepare?: ((batch: LeasedBatch) => B) | undefined;
  /**
   * Is awaited after each step, before the next one begins: here the trainer's state is that of the
   * step, whatever is read ahead. Checkpoints and validation belong here.
   */
  readonly onStep?: ((step: TrainedStep) => void | Promise<void>) | undefined;
}

const seconds = (from: number) => (performance.now() - from) / 1000;

/**
 * Trains on batches: forward, backward, AdamW (eq. 7). It releases each batch as soon as it is on
 * the device.
 * @returns a Duplex from `LoadedBatch` to {@link TrainedStep}, one for each `accumulate` batches
 * @throws Error (the stream fails) naming the clips of a batch whose loss is not a finite number
 */
export function train<B = LeasedBatch>(
  trainer: Trainer<B>,
  { accumulate = 1, prepare = (batch) => batch as B, onStep }: TrainOptions<B> = {},
): StageStream<LeasedBatch, TrainedStep> {
  let parts = { batches: 0, clips: 0, replaced: 0, waited: 0 };
  let stepStart = performance.now();
  /** When the last batch was done with. */
  let free = performance.now();
  return stage('train', async (batch: LeasedBatch): Promise<TrainedStep[]> => {
    const waited = parts.waited + seconds(free);
    await trainer.add(prepare(batch));
    parts = {
      batches: parts.batches + 1,
      clips: parts.clips + batch.keys.length,
      replaced: parts.replaced + batch.replaced,
      waited,
    };
    // The loader can fill its memory again while the rest is done.
    batch.release();
    const steps: TrainedStep[] = [];
    if (parts.batches === accumulate) {
      const done = trainer.finish();
      const { clips, replaced, waited } = parts;
      const step = { ...done, clips, replaced, waited, seconds: seconds(stepStart) };
      parts = { batches: 0, clips: 0, replaced: 0, waited: 0 };
      await onStep?.(step);
      stepStart = performance.now();
      steps.push(step);
    }
    free = performance.now();
    // The step was synchronous work: let Ctrl-C and timers be heard between two of them.
    await new Promise((resolve) => setImmediate(resolve));
    return steps;
  });
}
