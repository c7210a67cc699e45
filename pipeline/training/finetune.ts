import { chooseEngine } from './engine.js';
import { randomFor } from '../../cache/order/random.js';
import { classifierConfig, type ClassifierConfig } from '../../model/classifier.js';
import { classifierSpecs, systemOf } from '../../model/systems.js';
import type { ModelConfig } from '../../model/config.js';
import { classificationObjective, type LabelledBatch } from '../../stages/finetune/objective.js';
import type { FinetuneOptions } from '../../stages/finetune/finetune-options.js';
import type { LeasedBatch } from '../../stages/load/leased-batch.js';
import type { LoaderSource } from '../../stages/load/options.js';
import { ClassList } from './data/class-list.js';
import {
  readClassifierInit,
  takeWeights,
  type ClassifierInit,
  type TakenWeights,
} from './classifier-init.js';
import { chooseModel, checkFit, type ModelChoice } from './model-choice.js';
import { describeRun, drawWeights, statisticsFor } from './run/new-run.js';
import { readRunIfAny } from './run/run-folder.js';
import { asBegun } from './run/run-description.js';
import { takeSteps, type TrainingRequest } from './training.js';
import { trainingLoader } from './data/training-batches.js';
import { openTrainingData } from './data/training-data.js';
import type { TrainingSummary } from './training-run.js';
import { openValidation } from './data/validation-data.js';

/** What of a classifier is asked for; the classes are those of the samples. */
export interface HeadChoice {
  /** Default `fused` where the model hears, `picture` where it does not. */
  readonly fusion?: ClassifierConfig['fusion'] | undefined;
  /** Default: as a run that is gone on with does, and true in new runs. */
  readonly centreInTime?: boolean | undefined;
  readonly dropout?: number | undefined;
  readonly dropPath?: number | undefined;
}

export interface FinetuneRequest extends TrainingRequest {
  /** What to begin with: a run folder of pre-training, a checkpoint, or a file of weights. Default: drawn. */
  readonly init?: string | undefined;
  readonly head: HeadChoice;
  /** The model, where `init` is no run folder that says it. */
  readonly model: ModelChoice;
  readonly training: FinetuneOptions;
  /** Told which of the weights were not in `init`, and what of it was not used. */
  readonly onInit?: ((init: Omit<TakenWeights, 'tensors'>) => void) | undefined;
}

/** Masks are of no use to a classifier; the loader wants to know a ratio all the same. */
const NO_MASK = { mask: 'epoch', maskRatio: 0.5 } as const;

/** @param begun the classifier of a run that is gone on with */
function chooseHead(
  choice: HeadChoice,
  config: ModelConfig,
  classes: number,
  begun: ClassifierConfig | undefined,
): ClassifierConfig {
  const { fusions, input } = systemOf(config);
  const fusion = choice.fusion ?? fusions[0];
  if (!fusions.includes(fusion))
    throw new Error(
      `--fusion ${fusion}: a model of variant ${config.variant} has only ${fusions.join(' and ')}; choose that, or another --variant`,
    );
  const { centreInTime = begun?.centreInTime ?? true } = choice;
  // Of single frames nothing changes in time.
  const centred = centreInTime && fusion === 'fused' && input.frames === 'all';
  const given = Object.entries({ ...choice, fusion, classes, centreInTime: centred }).filter(([, value]) => value !== undefined); // prettier-ignore
  return classifierConfig.parse(Object.fromEntries(given));
}

function firstWeights(
  { training, onInit }: FinetuneRequest,
  config: ModelConfig,
  head: ClassifierConfig,
  init: ClassifierInit | undefined,
) {
  const specs = classifierSpecs(config, head);
  const drawn = drawWeights(specs, training.seed);
  if (init === undefined) return drawn;
  const { tensors, lacking, unused } = takeWeights(init.tensors, config, head);
  onInit?.({ lacking, unused });
  return new Map([...drawn, ...tensors]);
}

/** Clips with the numbers of their classes; valid as long as the batch is leased. */
function withLabels(leased: LeasedBatch, labels: readonly number[]): LabelledBatch {
  const { position, keys, video, visible, masked, mfcc, audioPresent, mel } = leased;
  return { position, keys, video, visible, masked, mfcc, audioPresent, mel, labels };
}

/**
 * Trains a classifier on the labelled samples of a cache, mostly on top of a pre-trained model. A run
 * folder that has checkpoints is gone on with, as in pre-training.
 * @throws Error when cache, run folder, weights and options do not fit each other, when there are fewer
 *   than two classes, or the loss is not finite
 */
export async function finetune(asked: FinetuneRequest): Promise<TrainingSummary> {
  const begun = await readRunIfAny(asked.run);
  const request = { ...asked, training: asBegun(asked.training, begun) };
  const { cache, training, workers, onBadRecord, init } = request;
  await using data = await openTrainingData(cache, request.data ?? {}, 'labelled');
  const [{ reader }] = data.sources;
  const { shape } = reader.manifest;
  const found = init === undefined ? undefined : await readClassifierInit(init);
  const config = found?.config ?? chooseModel(request.model, shape);
  checkFit(config, shape);
  const classes = new ClassList(data.sources);
  const head = chooseHead(request.head, config, classes.names.length, begun?.classifier?.head);
  const { batch, accumulate, seed, sound, order } = training;
  const { crop, flip, minArea, augmentOps, augmentMagnitude, erasing, soundDropout } = training;
  const statistics = await statisticsFor(request.run, data);
  const common = {
    ...NO_MASK,
    seed,
    sound,
    statistics,
    workers,
    onBadRecord,
    batch: batch / accumulate,
  };
  const augment = { crop, flip, minArea, augmentOps, augmentMagnitude, erasing, soundDropout };
  await using loader = trainingLoader(config, { ...common, order, sources: data.sources, augment }, 'learn'); // prettier-ignore
  await using validation = await openValidation(request, config, data, common, 'labelled');
  classes.check(validation.sources);
  const engine = await chooseEngine(request);
  const labelled = (sources: readonly LoaderSource[]) => (leased: LeasedBatch) =>
    withLabels(leased, classes.of(leased, sources));
  return await takeSteps(request, {
    title: `${config.variant}: ${classes.names.length} classes, ${head.fusion}${training.probe ? ', linear probe' : ''}`,
    description: {
      ...(await describeRun(request, { config, data, validation, engine, statistics })),
      classifier: { head, classes: [...classes.names] },
    },
    objective: classificationObjective(config, head, training, (position) => randomFor(seed, 0, position, 'mixing')), // prettier-ignore
    device: engine.device,
    options: training,
    loader,
    prepare: labelled(data.sources),
    validation: validation.of(training, loader.epochLength, labelled(validation.sources)),
    begin: () => Promise.resolve(firstWeights(request, config, head, found)),
  });
}
