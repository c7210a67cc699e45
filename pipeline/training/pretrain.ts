import { chooseEngine } from './engine.js';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomically } from '../../cache/folder/atomic-file.js';
import { pretrainSpecs } from '../../model/systems.js';
import { readWeights } from '../../model/weights/read-weights.js';
import type { ModelConfig } from '../../model/config.js';
import { reconstructionObjective } from '../../stages/train/objective.js';
import type { ClipBatch } from '../../stages/batch/batch.js';
import type { LoaderSource } from '../../stages/load/options.js';
import type { AudioStatistics } from '../../stages/batch/audio-statistics.js';
import { createTrainer, type Trainer, type TrainerOptions } from '../../stages/train/train.js';
import { createParallelTrainer } from '../../stages/train/parallel/parallel-trainer.js';
import { planTraining, type TrainingOptions } from '../../stages/train/training-options.js';
import { reconstructClips, spreadIndices, type ReconstructResult } from '../reconstruct.js';
import { chooseModel, type ModelChoice } from './model-choice.js';
import { describeRun, drawWeights, statisticsFor } from './run/new-run.js';
import { chooseThreads } from './train-threads.js';
import { takeSteps, type TrainingRequest } from './training.js';
import { cachedMaskRatio, trainingLoader } from './data/training-batches.js';
import { asBegun } from './run/run-description.js';
import { readRunIfAny } from './run/run-folder.js';
import { openTrainingData } from './data/training-data.js';
import type { TrainingSummary } from './training-run.js';
import { openValidation } from './data/validation-data.js';
import { knnValidation } from './validate-knn.js';

export interface PretrainRequest extends TrainingRequest {
  readonly model: ModelChoice;
  readonly training: TrainingOptions;
  /** Weights that a new run begins with: safetensors or a PyTorch file, VideoMAE's names or transformers'. */
  readonly init?: string | undefined;
  /** Steps between two pictures of what the model makes of clips; none where it is not given. */
  readonly picturesEvery?: number | undefined;
  /** One file that each picture is written over; default `pictures/step-….png` of the run. */
  readonly pictureFile?: string | undefined;
  readonly onPicture?: ((made: ReconstructResult) => void | Promise<void>) | undefined;
  /** Looks at the clips for validation by a kNN probe as well; default no. */
  readonly validateKnn?: boolean | undefined;
  /** Clips on a picture; default 4. */
  readonly pictured?: number | undefined;
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

async function firstWeights({ training, init }: PretrainRequest, config: ModelConfig) {
  const drawn = drawWeights(pretrainSpecs(config), training.seed);
  const given = init === undefined ? [] : await readInit(init, config);
  return new Map([...drawn, ...given]);
}

/** Draws what the model makes of clips: of those for validation, or else of those that are learned from. */
function drawEvery(
  {
    picturesEvery,
    pictureFile,
    pictured = 4,
    run,
    onEvent,
    onPicture,
    training: { seed, sound },
  }: PretrainRequest,
  source: LoaderSource,
  config: ModelConfig,
  maskRatio: number,
  statistics: AudioStatistics | undefined,
) {
  if (picturesEvery === undefined) return undefined;
  const { reader, indices } = source;
  const chosen = spreadIndices(indices?.length ?? reader.size, pictured);
  const samples = chosen.map((i) => indices?.[i] ?? i);
  return async (trainer: Trainer<ClipBatch>) => {
    const { step } = trainer;
    if (step % picturesEvery !== 0) return;
    const checkpoint = { step, tensors: await trainer.state() };
    const made = await reconstructClips({ samples, seed, sound, statistics }, source, config, checkpoint, maskRatio); // prettier-ignore
    const name = `step-${String(step).padStart(8, '0')}.png`;
    const path = pictureFile ?? join(run, 'pictures', name);
    await mkdir(dirname(path), { recursive: true });
    await writeAtomically(path, made.image);
    onEvent?.({ event: 'picture', step, path, mse: made.mse });
    await onPicture?.(made);
  };
}

/**
 * Pre-trains a model on a cache. A run folder that has checkpoints is gone on with: a run that was
 * interrupted at any step ends with the same weights, to the bit, as one that was not.
 * @throws Error when cache, run folder and options do not fit each other, or the loss is not finite
 */
export async function pretrain(asked: PretrainRequest): Promise<TrainingSummary> {
  const begun = await readRunIfAny(asked.run);
  const request = { ...asked, training: asBegun(asked.training, begun) };
  const { cache, training, workers, onBadRecord } = request;
  await using data = await openTrainingData(cache, request.data ?? {});
  const [{ reader }] = data.sources;
  const config = chooseModel(request.model, reader.manifest.shape);
  const { batch, accumulate, crop, flip, soundDropout, seed, mask, sound, order } = training;
  const maskRatio = training.maskRatio ?? cachedMaskRatio(reader);
  const statistics = await statisticsFor(request.run, data);
  const common = {
    seed,
    mask,
    sound,
    statistics,
    maskRatio,
    workers,
    onBadRecord,
    batch: batch / accumulate,
  };
  const augment = { crop, flip, soundDropout };
  await using loader = trainingLoader(config, { ...common, order, sources: data.sources, augment }, 'learn'); // prettier-ignore
  await using validation = await openValidation(request, config, data, common);
  const engine = await chooseEngine(request);
  const { backend } = engine;
  const threads = chooseThreads({
    asked: request.trainWorkers,
    ...{ backend, config, clips: common.batch },
    steps: planTraining(training, loader.epochLength).steps,
  });
  const trainerOf = (options: TrainerOptions<ClipBatch>) =>
    threads === 1 || backend === 'xla'
      ? Promise.resolve(createTrainer(options))
      : createParallelTrainer({ ...options, config, backend, threads });
  const probeOf = (source: LoaderSource | undefined) => {
    if (source === undefined)
      throw new Error('--validate-knn: no clips were chosen to look at; give --validation-splits, e.g. val'); // prettier-ignore
    return knnValidation({ config, learned: data.sources[0], measured: source, sound: sound ?? 'own', statistics }); // prettier-ignore
  };
  const measured = validation.of(training, loader.epochLength, (batch) => batch);
  const knn = request.validateKnn === true ? probeOf(validation.sources[0]) : undefined;
  return await takeSteps(request, {
    trainerOf,
    title: config.variant,
    description: await describeRun(request, { config, data, validation, engine, statistics }),
    objective: reconstructionObjective(config),
    device: engine.device,
    options: training,
    loader,
    prepare: (batch) => batch,
    validation: measured && { ...measured, knn },
    afterStep: drawEvery(
      request,
      validation.sources[0] ?? data.sources[0],
      config,
      maskRatio,
      statistics,
    ),
    begin: () => firstWeights(request, config),
  });
}
