import { Writable } from 'node:stream';
import type { ClipBatch, LentBatch, Trainer, TrainingPlan } from '../../stages/index.js';
import { saveCheckpoint } from './checkpoint.js';
import type { MetricsLine } from './run-folder.js';

/** What happens in a run of pre-training. */
export type PretrainEvent =
  | {
      readonly event: 'start';
      readonly variant: string;
      /** Learned weights. */
      readonly parameters: number;
      readonly samples: number;
      readonly steps: number;
      readonly batch: number;
      readonly backend: string;
      /** Steps taken before, in this run folder. */
      readonly resumedFrom: number;
    }
  | ({ readonly event: 'step'; readonly steps: number; readonly secondsLeft: number } & MetricsLine)
  | { readonly event: 'checkpoint'; readonly step: number; readonly path: string }
  | ({ readonly event: 'done' } & PretrainSummary);

/** What a run came to. */
export interface PretrainSummary {
  readonly step: number;
  readonly steps: number;
  /** Loss of the last step; null where none was taken. */
  readonly loss: number | null;
  readonly seconds: number;
  readonly checkpoint: string;
  /** Ended before its last step; the same command goes on. */
  readonly interrupted: boolean;
  /** Samples whose records were found damaged. */
  readonly badRecords: number;
}

export interface PretrainRunOptions {
  readonly folder: string;
  readonly trainer: Trainer<ClipBatch>;
  readonly plan: TrainingPlan;
  /** Samples in the cache: an epoch. */
  readonly samples: number;
  /** Steps between checkpoints. */
  readonly saveEvery: number;
  /** Checkpoints kept. */
  readonly keep: number;
  readonly log: (line: MetricsLine) => Promise<void>;
  readonly onEvent: (event: PretrainEvent) => void;
}

/** Takes a run's steps, one a batch, and keeps the record of them. */
export class PretrainRun {
  #loss: number | null = null;
  #saved = { step: -1, path: '' };
  #rate = 0;
  #stepStart = performance.now();
  readonly #start = performance.now();

  constructor(private readonly options: PretrainRunOptions) {}

  /** The end of the pipeline. */
  sink(): Writable {
    return new Writable({
      objectMode: true,
      highWaterMark: 1,
      write: (batch: LentBatch, _, done) => {
        this.take(batch).then(() => { done(); }, done); // prettier-ignore
      },
    });
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
  async summary(badRecords: number): Promise<PretrainSummary> {
    const { trainer, plan } = this.options;
    return {
      step: trainer.step,
      steps: plan.steps,
      loss: this.#loss,
      seconds: (performance.now() - this.#start) / 1000,
      checkpoint: await this.save(),
      interrupted: trainer.step < plan.steps,
      badRecords,
    };
  }

  private async take(batch: LentBatch): Promise<void> {
    const { trainer, plan, samples, log, onEvent, saveEvery } = this.options;
    const arrived = performance.now();
    const { step, loss, lr } = trainer.train(batch);
    const { keys, replaced } = batch;
    // The loader can fill its memory again while the rest is done.
    batch.release();
    this.#loss = loss;
    const now = performance.now();
    const seconds = (now - this.#stepStart) / 1000;
    const rate = keys.length / seconds;
    const waiting = (arrived - this.#stepStart) / 1000 / seconds;
    this.#stepStart = now;
    // A moving average: single steps vary, and the time left should not jump.
    this.#rate = this.#rate === 0 ? rate : 0.9 * this.#rate + 0.1 * rate;
    const line = {
      step,
      loss,
      lr,
      epoch: (step * keys.length) / samples,
      clipsPerSecond: this.#rate,
      waiting,
      replaced,
    };
    await log(line);
    const secondsLeft = ((plan.steps - step) * keys.length) / this.#rate;
    onEvent({ event: 'step', ...line, steps: plan.steps, secondsLeft });
    if (step % saveEvery === 0) await this.save();
    // The step was synchronous work: let Ctrl-C and timers be heard between two of them.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
