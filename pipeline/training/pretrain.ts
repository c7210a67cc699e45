import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { randomFor } from '../../cache/index.js';
import { initialWeights, pretrainSpecs, readWeights, useBackend, type BackendName, type ModelConfig } from '../../model/index.js'; // prettier-ignore
import { createTrainer, planTraining, reconstructionObjective, type Loader, type TrainingOptions } from '../../stages/index.js'; // prettier-ignore
import { newestCheckpoint } from './checkpoint.js';
import { chooseModel, type ModelChoice } from './model-choice.js';
import { PretrainRun, type PretrainEvent, type PretrainSummary } from './pretrain-run.js';
import { openRun, type RunDescription } from './run-folder.js';
import { openRunLog } from './run-log.js';
import { cachedMaskRatio, trainingLoader } from './training-batches.js';
import { openTrainingData, type CacheChoice, type DataOptions, type TrainingData } from './training-data.js'; // prettier-ignore
import { avmeVersion } from '../version.js';

export interface PretrainRequest {
  /** Folder of the cache to learn from, or several caches. */
  readonly cache: string | readonly CacheChoice[];
  /** Which of their samples; default all. */
  readonly data?: DataOptions;
  /** Folder of the run; made when it is not there, gone on with when it is. */
  readonly run: string;
  readonly model: ModelChoice;
  readonly training: TrainingOptions;
  /** Steps between checkpoints; default 500. */
  readonly saveEvery?: number;
  /** Checkpoints kept; default 2. */
  readonly keep?: number;
  /** Step to stop at as if interrupted. */
  readonly stopAt?: number | undefined;
  /** Weights that a new run begins with: safetensors or a PyTorch file, VideoMAE's names or transformers'. */
  readonly init?: string | undefined;
  /** Threads that load batches; default one less than there are cores, 1 to 4. */
  readonly workers?: number | undefined;
  /** What to do about a damaged record; default `stop`. */
  readonly onBadRecord?: 'stop' | 'skip' | undefined;
  /** Default `auto`. */
  readonly backend?: BackendName | 'auto';
  readonly onEvent?: (event: PretrainEvent) => void;
  /** Ends the run after the step in hand, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** Through JSON, so that it compares equal to what is read back. */
const plain = (value: object) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

async function describeRun(
  { training, init }: PretrainRequest,
  config: ModelConfig,
  { description }: TrainingData,
  backend: string,
): Promise<RunDescription> {
  return {
    schema: 1,
    model: plain(config),
    training: { ...plain(training), ...(init === undefined ? {} : { init: resolve(init) }) },
    data: description,
    begunWith: { avme: await avmeVersion(), node: process.version, backend },
  };
}

/** The model's weights that a file has; the moments of a checkpoint of ours are no part of them. */
async function readInit(path: string, config: ModelConfig) {
  const names = new Set(pretrainSpecs(config).map((spec) => spec.name));
  const { tensors } = await readWeights(path);
  const known = [...tensors].filter(([name]) => names.has(name));
  if (known.length === 0)
    throw new Error(
      `--init: ${path} has no weight of this model; it must have the names of VideoMAE or of transformers`,
    );
  return known;
}

/** Where a run stands before its next step: at its newest checkpoint, or at the beginning. */
async function startingPoint({ run, training, init }: PretrainRequest, config: ModelConfig) {
  const checkpoint = await newestCheckpoint(run);
  if (checkpoint !== undefined) return { step: checkpoint.step, initial: checkpoint.tensors };
  const values = initialWeights(pretrainSpecs(config), (name) => randomFor(training.seed, 0, name, 'init')); // prettier-ignore
  const drawn = [...values].map(([name, data]) => [name, { data }] as const);
  const given = init === undefined ? [] : await readInit(init, config);
  return { step: 0, initial: new Map([...drawn, ...given]) };
}

async function train(
  request: PretrainRequest,
  data: TrainingData,
  config: ModelConfig,
  loader: Loader,
): Promise<PretrainSummary> {
  const { run: folder, training, signal, onEvent = () => undefined } = request;
  const backend = await useBackend(request.backend ?? 'auto');
  await openRun(folder, await describeRun(request, config, data, backend));
  const { batch } = training;
  const samples = loader.epochLength;
  const plan = planTraining(training, samples);
  const { step, initial } = await startingPoint(request, config);
  const trainer = createTrainer({
    objective: reconstructionObjective(config),
    options: training,
    plan,
    initial,
    step,
  });
  const runLog = await openRunLog(folder, step);
  try {
    const run = new PretrainRun({
      folder,
      trainer,
      plan,
      samples,
      saveEvery: request.saveEvery ?? 500,
      keep: request.keep ?? 2,
      log: (line) => runLog.write(line),
      onEvent,
    });
    onEvent({
      event: 'start',
      variant: config.variant,
      parameters: trainer.parameters,
      samples,
      steps: plan.steps,
      batch,
      backend,
      resumedFrom: step,
    });
    const end = Math.min(plan.steps, request.stopAt ?? plan.steps);
    try {
      await pipeline(
        loader.batches(step * batch, end * batch),
        run.sink(),
        signal === undefined ? {} : { signal },
      );
    } catch (error) {
      // Ctrl-C: the step in hand was finished, and is in the checkpoint below.
      if (signal?.aborted !== true) throw error;
    }
    const summary = await run.summary(loader.report().badRecords.length);
    onEvent({ event: 'done', ...summary });
    return summary;
  } finally {
    await runLog.close();
    trainer.dispose();
  }
}

/**
 * Pre-trains a model on a cache. A run folder that has checkpoints is gone on with: a run that was
 * interrupted at any step ends with the same weights, to the bit, as one that was not.
 * @throws Error when cache, run folder and options do not fit each other, or the loss is not finite
 */
export async function pretrain(request: PretrainRequest): Promise<PretrainSummary> {
  const { cache } = request;
  const caches = typeof cache === 'string' ? [{ path: cache }] : cache;
  const data = await openTrainingData(caches, request.data ?? {});
  try {
    const { training, workers, onBadRecord } = request;
    const { crop, flip } = training;
    const [{ reader }] = data.sources;
    const config = chooseModel(request.model, reader.manifest.shape);
    const maskRatio = training.maskRatio ?? cachedMaskRatio(reader);
    const loading = { sources: data.sources, maskRatio, augment: { crop, flip }, workers, onBadRecord }; // prettier-ignore
    const loader = trainingLoader(config, { ...training, ...loading });
    try {
      return await train(request, data, config, loader);
    } finally {
      await loader.close();
    }
  } finally {
    await data.close();
  }
}
