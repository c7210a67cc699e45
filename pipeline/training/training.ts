import type { RunDescription } from './run/run-description.js';
import { Readable, Writable } from 'node:stream';
import type { StoredValues } from '../../model/weights/load-weights.js';
import type { XlaDevice } from '../../engine/backends/xla/xla.js';
import { createDeviceTrainer } from '../../stages/train/device-trainer.js';
import { createTrainer, type Trainer, type TrainerOptions } from '../../stages/train/train.js';
import { planTraining, type TrainingOptions } from '../../stages/train/training-options.js';
import type { LeasedBatch } from '../../stages/load/leased-batch.js';
import type { Loader } from '../../stages/load/loader.js';
import { runPipeline } from '../../stages/stream.js';
import { train } from '../../stages/train.js';
import type { Objective } from '../../stages/train/objective.js';
import { newestCheckpoint } from './run/checkpoint.js';
import type { EngineChoice } from './engine.js';
import { memoryFailure } from './memory-failure.js';
import { assertExtendable, extendPlan } from './run/extend.js';
import { openRun, readMetrics } from './run/run-folder.js';
import { openRunLog } from './run/run-log.js';
import type { CacheChoice, DataOptions } from './data/training-data.js';
import { TrainingRun, type TrainingEvent, type TrainingSummary } from './training-run.js';
import type { Validation } from './validation.js';

/** What is asked of every kind of training. */
export interface TrainingRequest extends EngineChoice {
  /** Folder of the cache to learn from, or several caches. */
  readonly cache: string | readonly CacheChoice[];
  /** Which of their samples; default all. */
  readonly data?: DataOptions;
  /** Samples of these caches that the run is measured on, and that it does not learn from. */
  readonly validation?: ValidationChoice | undefined;
  /** Folder of the run; made when it is not there, gone on with when it is. */
  readonly run: string;
  /** Steps between checkpoints; default 500. */
  readonly saveEvery?: number;
  /** Checkpoints kept; default 2. */
  readonly keep?: number;
  /** Steps that a run which has come to its end is to have in all; it goes on at the last rate. */
  readonly extend?: number | undefined;
  /** Step to stop at as if interrupted. */
  readonly stopAt?: number | undefined;
  /** Threads that load batches; default one less than there are cores, 1 to 4. */
  readonly workers?: number | undefined;
  /** What to do about a damaged record; default `stop`. */
  readonly onBadRecord?: 'stop' | 'skip' | undefined;
  /** Threads that train, each on a part of every batch; pre-training only. Default: see `chooseThreads`. */
  readonly trainWorkers?: number | undefined;
  readonly onEvent?: (event: TrainingEvent) => void;
  /** Ends the run after the step in hand, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** Clips for validation: other splits of the caches, or another cache. */
export interface ValidationChoice {
  /** Default the caches that are learned from. */
  readonly cache?: string | undefined;
  readonly splits?: readonly (string | null)[] | undefined;
}

/** The steps of a run as those who know what is learned have set them up. */
export interface TrainingSetup<B> {
  readonly title: string;
  readonly description: RunDescription;
  readonly objective: Objective<B>;
  /** Runs the steps; default the backend in use. It is left when the run ends. */
  readonly device?: XlaDevice | undefined;
  readonly options: Omit<TrainingOptions, 'crop' | 'flip' | 'mask' | 'maskRatio'>;
  readonly loader: Loader;
  /** Batches of `batch / accumulate` clips that the trainer learns from. */
  readonly prepare: (batch: LeasedBatch) => B;
  readonly validation?: Validation<B> | undefined;
  /** Done after a step. */
  readonly afterStep?: ((trainer: Trainer<B>) => Promise<void>) | undefined;
  /** Default {@link createTrainer}. */
  readonly trainerOf?: ((options: TrainerOptions<B>) => Promise<Trainer<B>>) | undefined;
  /** Weights that a new run begins with. */
  readonly begin: () => Promise<StoredValues>;
}

/** The loader's batches between two places, as a stream. */
const batchesOf = (loader: Loader, from: number, to: number) =>
  Readable.from(loader.batches(from, to), { objectMode: true, highWaterMark: 1 });

/** The end of a pipeline whose records nobody wants. */
const drain = () =>
  new Writable({ objectMode: true, highWaterMark: 1, write: (_record, _encoding, done) => { done(); } }); // prettier-ignore

/** Ends the pipeline where a run stops early, as Ctrl-C does. */
function endedBy(signal: AbortSignal | undefined) {
  const early = new AbortController();
  return { early, either: AbortSignal.any([early.signal, ...(signal === undefined ? [] : [signal])]) }; // prettier-ignore
}

/**
 * Takes the steps of a run: loader → trainer → checkpoints and metrics. A run folder that has
 * checkpoints is gone on with: a run that was interrupted at any step ends with the same weights, to
 * the bit, as one that was not.
 * @throws Error when run folder and setup do not fit each other, or the loss is not finite
 */
export async function takeSteps<B extends { readonly keys: readonly string[] }>(
  request: TrainingRequest,
  setup: TrainingSetup<B>,
): Promise<TrainingSummary> {
  const { run: folder, signal, onEvent = () => undefined } = request;
  const { options, loader, objective, description } = setup;
  await assertExtendable(folder, request.extend);
  await openRun(folder, description);
  const { batch, accumulate } = options;
  const samples = loader.epochLength;
  const checkpoint = await newestCheckpoint(folder);
  const step = checkpoint?.step ?? 0;
  const begun = planTraining(options, samples);
  const plan = await extendPlan(folder, begun, step, request.extend);
  const initial = checkpoint?.tensors ?? (await setup.begin());
  const given = { objective, options: { ...options, average: options.ema }, plan, initial, step, capture: request.capture, precision: description.begunWith.precision }; // prettier-ignore
  const trainerOf = setup.trainerOf ?? createTrainer;
  const trainer =
    setup.device === undefined
      ? await trainerOf(given)
      : createDeviceTrainer({ ...given, device: setup.device });
  const runLog = await openRunLog(folder, step);
  try {
    const run = new TrainingRun({
      ...{ folder, trainer, plan, samples, onEvent },
      validation: setup.validation,
      afterStep: setup.afterStep,
      past: await readMetrics(folder),
      saveEvery: request.saveEvery ?? 500,
      keep: request.keep ?? 2,
      log: (line) => runLog.write(line),
    });
    onEvent({
      event: 'start',
      variant: setup.title,
      parameters: trainer.parameters,
      samples,
      steps: plan.steps,
      batch,
      backend: description.begunWith.backend,
      resumedFrom: step,
      threads: trainer.threads ?? 1,
      captured: trainer.captured,
      xla: trainer.captured && request.capture === 'xla',
      precision: trainer.precision,
      whyNot: trainer.whyNot ?? null,
    });
    const end = run.stoppedEarly ? step : Math.min(plan.steps, request.stopAt ?? plan.steps);
    const { early, either } = endedBy(signal);
    const steps = train(trainer, {
      accumulate,
      prepare: setup.prepare,
      onStep: async (step) => {
        await run.record(step);
        if (run.stoppedEarly) early.abort();
      },
    });
    try {
      await runPipeline([batchesOf(loader, step * batch, end * batch), steps, drain()], {
        signal: either,
      });
    } catch (error) {
      // Ctrl-C or enough: the step in hand was finished, and is in the checkpoint below.
      if (!either.aborted) throw memoryFailure(error, { batch, accumulate, backend: description.begunWith.backend }); // prettier-ignore
    }
    const summary = await run.summary(loader.report().badRecords.length);
    onEvent({ event: 'done', ...summary });
    return summary;
  } finally {
    await runLog.close();
    trainer.dispose();
    setup.device?.dispose();
  }
}
