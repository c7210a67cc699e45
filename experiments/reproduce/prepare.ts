import { SYSTEM_NAMES } from '../../model/config.js';
import type { ModelConfig } from '../../model/config.js';
import type { ClipShape } from '../../cache/records.js';
import { resolve } from 'node:path';
import { systemOf } from '../../model/systems.js';
import { cachedMaskRatio } from '../../pipeline/training/data/training-batches.js';
import { chooseModel, modelChoice } from '../../pipeline/training/model-choice.js';
import { openTrainingData } from '../../pipeline/training/data/training-data.js';
import { reproduceOptions, type ReproduceInput, type ReproduceOptions } from './options.js';
import { planAll, planJobs, type Job, type PlannedSubject, type Recipe, type Setting } from './plan.js'; // prettier-ignore
import type { Clips } from './results.js';
import { matchedDepth } from './size-match.js';

/** What is compared, and on which clips. */
export interface PlanRequest extends ReproduceInput {
  /** Of the seeds, in turn; all made with the same options. */
  readonly caches: readonly [string, ...string[]];
  /** Clips that classifiers learn from and are measured on, where they are others; default `caches`. */
  readonly finetuneCaches?: readonly [string, ...string[]] | undefined;
  /** Sections `pretrain`, `finetune` and `evaluate` hold for all systems. */
  readonly recipe?: Recipe | undefined;
}

/** What is run, and in which order; nothing is started. */
export interface ReproducePlan {
  readonly options: ReproduceOptions;
  readonly setting: Setting;
  readonly caches: readonly Clips[];
  /** Where classifiers have clips of their own. */
  readonly finetuneCaches: readonly Clips[];
  readonly subjects: readonly PlannedSubject[];
  readonly jobs: readonly Job[];
}

function chooseOptions(request: PlanRequest): ReproduceOptions {
  return reproduceOptions.parse(
    Object.fromEntries(Object.entries(request).filter(([key]) => key in reproduceOptions.shape)),
  );
}

/**
 * What a cache has for a comparison: the systems that are asked for, or else all that it has the sound for; its
 * share of masked positions; how many clips, and how many of those that are measured on have sound.
 * @throws Error where it lacks the sound for a system that is asked for
 */
async function offerOf(cache: string, { splits, testSplits, systems: asked }: ReproduceOptions) {
  await using train = await openTrainingData(cache, { splits }, 'all');
  await using test = await openTrainingData(cache, { splits: testSplits }, 'all');
  const [{ reader, indices = [] }] = test.sources;
  const { fingerprint, shape } = reader.manifest;
  const fitting = SYSTEM_NAMES.filter((variant) => shape.melBands !== undefined || !systemOf({ variant }).input.mel); // prettier-ignore
  const other = asked?.find((system) => !fitting.includes(system));
  if (other !== undefined)
    throw new Error(
      `--systems ${other}: hears by log-mel spectra, which ${cache} does not hold; make it anew with avme preprocess --mel 128, or leave ${other} out`,
    );
  const sounding = indices.filter((index) => reader.header(index).flags.audioPresent).length;
  const clips: Clips = {
    fingerprint,
    train: train.sources[0].indices?.length ?? reader.size,
    test: indices.length,
    sounding: indices.length === 0 ? 0 : sounding / indices.length,
  };
  return { systems: asked ?? fitting, maskRatio: cachedMaskRatio(reader), clips, shape };
}

type Offer = Awaited<ReturnType<typeof offerOf>>;

/** What the caches of all seeds have. @throws Error where they were made with different options */
async function offersOf(
  caches: readonly [string, ...string[]],
  options: ReproduceOptions,
): Promise<[Offer, ...Offer[]]> {
  const first = await offerOf(caches[0], options);
  const others: Offer[] = [];
  for (const cache of caches.slice(1)) {
    const offer = await offerOf(cache, options);
    if (offer.clips.fingerprint !== first.clips.fingerprint)
      throw new Error(
        `--cache ${cache}: was made with other options than ${caches[0]}; make all with the same, of other videos`,
      );
    others.push(offer);
  }
  return [first, ...others];
}

/** The model of a recipe on these clips. @throws Error where it cannot be built */
function modelOf(recipe: Recipe | undefined, shape: ClipShape): ModelConfig {
  const section = Object.entries((recipe?.sections['pretrain'] ?? {}) as Record<string, unknown>);
  const camel = (key: string) => key.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const chosen = section.map(([key, value]) => [camel(key), value] as const);
  const choice = chosen.filter(([key, value]) => key in modelChoice.shape && value !== null);
  return chooseModel(modelChoice.parse(Object.fromEntries(choice)), shape);
}

/** Says what would be run. @throws Error where the cache has no sound for a system that is asked for */
export async function planReproduction(request: PlanRequest): Promise<ReproducePlan> {
  const options = chooseOptions(request);
  const both = options.splits.filter((split) => options.testSplits.includes(split));
  if (both.length > 0)
    throw new Error(`--test-splits ${both.join(',')}: would be learned from and measured on; choose others`); // prettier-ignore
  const { caches, finetuneCaches } = request;
  if (finetuneCaches !== undefined && !options.finetune)
    throw new Error(`--finetune-cache ${finetuneCaches.join()}: nothing is fine-tuned with --no-finetune; leave one of them out`); // prettier-ignore
  const offers = await offersOf(caches, options);
  const labelled = finetuneCaches && (await offersOf(finetuneCaches, options));
  const absolute = ([first, ...others]: readonly [string, ...string[]]) =>
    [resolve(first), ...others.map((one) => resolve(one))] as const;
  const [{ systems, maskRatio, shape }] = offers;
  const setting: Setting = {
    caches: absolute(caches),
    finetuneCaches: absolute(finetuneCaches ?? caches),
    recipe: request.recipe,
    systems: systems.filter((system) => labelled?.[0].systems.includes(system) ?? true),
    maskRatio: options.maskRatio ?? maskRatio,
    matchedDepth: matchedDepth(modelOf(request.recipe, shape)),
  };
  const subjects = planAll(options, setting);
  return {
    options,
    caches: offers.map(({ clips }) => clips),
    finetuneCaches: labelled?.map(({ clips }) => clips) ?? [],
    setting,
    subjects,
    jobs: planJobs(subjects, options, setting),
  };
}
