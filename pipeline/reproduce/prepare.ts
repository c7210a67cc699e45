import { resolve } from 'node:path';
import { openCache } from '../../cache/index.js';
import { SYSTEM_NAMES, systemOf } from '../../model/index.js';
import { cachedMaskRatio } from '../training/training-batches.js';
import { openTrainingData } from '../training/training-data.js';
import { reproduceOptions, type ReproduceInput, type ReproduceOptions } from './options.js';
import { planAll, planJobs, type Job, type PlannedSubject, type Recipe, type Setting } from './plan.js'; // prettier-ignore
import type { Results } from './results.js';

/** What is compared, and on which clips. */
export interface PlanRequest extends ReproduceInput {
  readonly cache: string;
  /** Clips that classifiers learn from and are measured on, where they are others; default `cache`. */
  readonly finetuneCache?: string | undefined;
  /** Sections `pretrain`, `finetune` and `evaluate` hold for all systems. */
  readonly recipe?: Recipe | undefined;
}

/** What is run, and in which order; nothing is started. */
export interface ReproducePlan {
  readonly options: ReproduceOptions;
  readonly setting: Setting;
  readonly cache: Omit<Results['cache'], 'classes'>;
  /** Where classifiers have clips of their own. */
  readonly finetuneCache: Results['finetuneCache'];
  readonly subjects: readonly PlannedSubject[];
  readonly jobs: readonly Job[];
}

/**
 * The systems that are asked for, or else all that a cache has the sound for; and its share of masked positions.
 * @throws Error where it lacks the sound for one that is asked for
 */
async function offerOf(cache: string, asked: ReproduceOptions['systems']) {
  const reader = await openCache(cache);
  try {
    const mel = reader.manifest.shape.melBands !== undefined;
    const fitting = SYSTEM_NAMES.filter((variant) => mel || !systemOf({ variant }).input.mel);
    const other = asked?.find((system) => !fitting.includes(system));
    if (other !== undefined)
      throw new Error(
        `--systems ${other}: hears by log-mel spectra, which ${cache} does not hold; make it anew with avme preprocess --mel 128, or leave ${other} out`,
      );
    return { systems: asked ?? fitting, maskRatio: cachedMaskRatio(reader) };
  } finally {
    await reader.close();
  }
}

function chooseOptions(request: PlanRequest): ReproduceOptions {
  return reproduceOptions.parse(
    Object.fromEntries(Object.entries(request).filter(([key]) => key in reproduceOptions.shape)),
  );
}

/** How many clips there are, and how many of those that are measured on have sound. */
async function describeCache(cache: string, { splits, testSplits }: ReproduceOptions) {
  await using train = await openTrainingData(cache, { splits }, 'all');
  await using test = await openTrainingData(cache, { splits: testSplits }, 'all');
  const [{ reader, indices = [] }] = test.sources;
  const sounding = indices.filter((index) => reader.header(index).flags.audioPresent).length;
  return {
    fingerprint: reader.manifest.fingerprint,
    train: train.sources[0].indices?.length ?? reader.size,
    test: indices.length,
    sounding: indices.length === 0 ? 0 : sounding / indices.length,
  };
}

/** Says what would be run. @throws Error where the cache has no sound for a system that is asked for */
export async function planReproduction(request: PlanRequest): Promise<ReproducePlan> {
  const options = chooseOptions(request);
  const both = options.splits.filter((split) => options.testSplits.includes(split));
  if (both.length > 0)
    throw new Error(`--test-splits ${both.join(',')}: would be learned from and measured on; choose others`); // prettier-ignore
  const { cache, finetuneCache = cache } = request;
  if (finetuneCache !== cache && !options.finetune)
    throw new Error(`--finetune-cache ${finetuneCache}: nothing is fine-tuned with --no-finetune; leave one of them out`); // prettier-ignore
  const labelled = await offerOf(finetuneCache, options.systems);
  const { systems, maskRatio } = await offerOf(cache, options.systems);
  const setting: Setting = {
    cache: resolve(cache),
    finetuneCache: resolve(finetuneCache),
    recipe: request.recipe,
    systems: systems.filter((system) => labelled.systems.includes(system)),
    maskRatio: options.maskRatio ?? maskRatio,
  };
  const subjects = planAll(options, setting);
  return {
    options,
    cache: await describeCache(cache, options),
    finetuneCache: finetuneCache === cache ? undefined : await describeCache(finetuneCache, options), // prettier-ignore
    setting,
    subjects,
    jobs: planJobs(subjects, options, setting),
  };
}
