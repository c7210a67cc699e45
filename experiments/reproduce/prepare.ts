import { SYSTEM_NAMES } from '../../model/config.js';
import { resolve } from 'node:path';
import { systemOf } from '../../model/systems.js';
import { cachedMaskRatio } from '../../pipeline/training/data/training-batches.js';
import { openTrainingData } from '../../pipeline/training/data/training-data.js';
import { reproduceOptions, type ReproduceInput, type ReproduceOptions } from './options.js';
import { planAll, planJobs, type Job, type PlannedSubject, type Recipe, type Setting } from './plan.js'; // prettier-ignore
import type { Clips } from './results.js';

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
  readonly cache: Clips;
  /** Where classifiers have clips of their own. */
  readonly finetuneCache: Clips | undefined;
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
  return { systems: asked ?? fitting, maskRatio: cachedMaskRatio(reader), clips };
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
  const offer = await offerOf(cache, options);
  const labelled = finetuneCache === cache ? undefined : await offerOf(finetuneCache, options);
  const setting: Setting = {
    cache: resolve(cache),
    finetuneCache: resolve(finetuneCache),
    recipe: request.recipe,
    systems: offer.systems.filter((system) => labelled?.systems.includes(system) ?? true),
    maskRatio: options.maskRatio ?? offer.maskRatio,
  };
  const subjects = planAll(options, setting);
  return {
    options,
    cache: offer.clips,
    finetuneCache: labelled?.clips,
    setting,
    subjects,
    jobs: planJobs(subjects, options, setting),
  };
}
