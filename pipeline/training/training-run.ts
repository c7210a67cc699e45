import type { Precision } from '../../engine/xla/precision.js';
import type { TrainedStep } from '../../stages/train.js';
import type { Trainer } from '../../stages/train/train.js';
import type { TrainingPlan } from '../../stages/train/training-options.js';
import { saveBest, saveCheckpoint } from './run/checkpoint.js';
import type { MetricsLine } from './run/run-folder.js';
import { BestResult, type ValidationResult, type Validation } from './validation.js';

/** What happens in a run. */
export type TrainingEvent =
  | {
      readonly event: 'start';
      /** The system that learns, and what: `av`, `av: 101 classes, fused`. */
      readonly variant: string;
      /** Learned weights. */
      readonly parameters: number;
      readonly samples: number;
      readonly steps: number;
      readonly batch: number;
      readonly backend: string;
      /** Steps taken before, in this run folder. */
      readonly resumedFrom: number;
      /** Threads that each train on a part of every batch. */
      readonly threads: number;
      /** Whether steps run as graphs. */
      readonly captured: boolean;
      /** Whether XLA compiles these graphs. */
      readonly xla: boolean;
      /** What matrices are multiplied in. */
      readonly precision: Precision;
      /** Why they do not, although they may; null where they do, or are not to. */
      readonly whyNot: string | null;
    }
  /** Steps cannot be captured after all, from this one on. */
  | { readonly event: 'uncaptured'; readonly step: number; readonly why: string }
  | ({ readonly event: 'step'; readonly steps: number; readonly secondsLeft: number } & MetricsLine)
  /** What the model makes of clips was drawn. */
  | {
      readonly event: 'picture';
      readonly step: number;
      readonly path: string;
      readonly mse: number;
    }
  | { readonly event: 'checkpoint'; readonly step: number; readonly path: string }
  | ({ readonly event: 'validation'; readonly isBest: boolean } & ValidationResult)
  | ({ readonly event: 'done' } & TrainingSummary);

/** What a run came to. */
export interface TrainingSummary {
  readonly step: number;
  readonly steps: number;
  /** Loss of the last step; null where none was taken. */
  readonly loss: number | null;
  readonly seconds: number;
  readonly checkpoint: string;
  /** Ended before its last step; the same command goes on. */
  readonly interrupted: boolean;
  /** Ended before its last step, since the clips for validation were not done better for long. */
  readonly stoppedEarly: boolean;
  /** What did best on the clips for validation; null where there were none. */
  readonly best: ValidationResult | null;
  /** Samples whose records were found damaged. */
  readonly badRecords: number;
}

export interface TrainingRunOptions<B> {
  readonly folder: string;
  readonly trainer: Trainer<B>;
  readonly plan: TrainingPlan;
  /** Samples in an epoch. */
  readonly samples: number;
  readonly validation?: Validation<B> | undefined;
  /** Lines of the steps that were taken before. */
  readonly past: readonly MetricsLine[];
  /** Steps between checkpoints. */
  readonly saveEvery: number;
  /** Checkpoints kept. */
  readonly keep: number;
  readonly log: (line: MetricsLine) => Promise<void>;
  /** Done after a step, its line being written. */
  readonly afterStep?: ((trainer: Trainer<B>) => Promise<void>) | undefined;
  readonly onEvent: (event: TrainingEvent) => void;
}

/** Keeps the record of a run's steps. */
export class TrainingRun<B> {
  #loss: number | null = null;
  #saved = { step: -1, path: '' };
  #rate = 0;
  readonly #start = performance.now();
  readonly #best: BestResult;

  /** Whether steps ran as graphs when this was last looked at. */
  #captured: boolean;

  constructor(private readonly options: TrainingRunOptions<B>) {
    this.#captured = options.trainer.captured;
    this.#best = new BestResult(options.past);
  }

  /** Whether the run is at its end before its last step. */
  get stoppedEarly(): boolean {
    const { trainer, plan, validation } = this.options;
    return trainer.step < plan.steps && this.#best.since >= (validation?.patience ?? Infinity);
  }

  /** Writes a checkpoint of the step that was taken last, unless there is one. @returns its path */
  async save(): Promise<string> {
    const { trainer, folder, keep, onEvent } = this.options;
    const { step } = trainer;
    if (this.#saved.step !== step) {
      const path = await saveCheckpoint(folder, { step, tensors: await trainer.state() }, keep);
      this.#saved = { step, path };
      onEvent({ event: 'checkpoint', step, path });
    }
    return this.#saved.path;
  }

  /** @param badRecords samples that the loader could not read */
  async summary(badRecords: number): Promise<TrainingSummary> {
    const { trainer, plan } = this.options;
    return {
      step: trainer.step,
      steps: plan.steps,
      loss: this.#loss,
      seconds: (performance.now() - this.#start) / 1000,
      checkpoint: await this.save(),
      interrupted: trainer.step < plan.steps && !this.stoppedEarly,
      stoppedEarly: this.stoppedEarly,
      best: this.#best.best,
      badRecords,
    };
  }

  /** Keeps the record of a step that was just taken: metrics, validation, checkpoint. */
  readonly record = async (taken: TrainedStep): Promise<void> => {
    const { trainer, plan, samples, log, onEvent, saveEvery, afterStep } = this.options;
    const { step, loss, lr, parts, clips, replaced, seconds, waited } = taken;
    if (this.#captured && !trainer.captured) {
      this.#captured = false;
      onEvent({ event: 'uncaptured', step, why: trainer.whyNot ?? 'unknown' });
    }
    this.#loss = loss;
    const rate = clips / seconds;
    // A moving average: single steps vary, and the time left should not jump.
    this.#rate = this.#rate === 0 ? rate : 0.9 * this.#rate + 0.1 * rate;
    const result = await this.validate(step);
    const line = {
      step,
      loss,
      lr,
      epoch: (step * clips) / samples,
      clipsPerSecond: this.#rate,
      waiting: waited / seconds,
      replaced,
      ...parts,
      ...(result === undefined ? {} : { validationLoss: result.loss }),
      ...(result?.top1 === undefined ? {} : { validationTop1: result.top1 }),
      ...(result?.knn === undefined ? {} : { validationKnn: result.knn }),
    };
    await log(line);
    const secondsLeft = ((plan.steps - step) * clips) / this.#rate;
    onEvent({ event: 'step', ...line, steps: plan.steps, secondsLeft });
    if (step % saveEvery === 0) await this.save();
    await afterStep?.(trainer);
  };

  /** Looks at the clips for validation when it is time to. */
  private async validate(step: number): Promise<ValidationResult | undefined> {
    const { trainer, plan, folder, validation, onEvent } = this.options;
    if (validation === undefined) return undefined;
    if (step % validation.every !== 0 && step !== plan.steps) return undefined;
    const { loss, top1 } = await trainer.measure(validation.batches());
    // Read from the device once, by whoever needs it first.
    let read: ReturnType<typeof trainer.state> | undefined;
    const state = () => (read ??= trainer.state());
    const knn = await validation.knn?.(await state());
    const result = { step, loss, ...(top1 === undefined ? {} : { top1 }), ...(knn === undefined ? {} : { knn }) }; // prettier-ignore
    const isBest = this.#best.add(result);
    if (isBest) await saveBest(folder, { step, tensors: await state() });
    onEvent({ event: 'validation', ...result, isBest });
    return result;
  }
}
