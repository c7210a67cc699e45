import type { RunDescription } from '../run/run-description.js';
import type { ModelConfig } from '../../../model/config.js';
import type { LeasedBatch } from '../../../stages/load/leased-batch.js';
import type { Loader } from '../../../stages/load/loader.js';
import type { LoaderOptions } from '../../../stages/load/options.js';
import type { TrainingOptions } from '../../../stages/train/training-options.js';
import { checkFit } from '../model-choice.js';

import type { TrainingRequest } from '../training.js';
import { trainingLoader } from './training-batches.js';
import { commonSamples, openTrainingData, type TrainingData } from './training-data.js';
import type { Validation } from '../validation.js';

/** The clips that a run is measured on; none where none were chosen. */
export interface ValidationData extends AsyncDisposable {
  readonly description: Pick<RunDescription, 'validation'>;
  readonly sources: LoaderOptions['sources'];
  of<B>(
    training: Pick<TrainingOptions, 'validateEvery' | 'patience' | 'batch'>,
    epochLength: number,
    prepare: (batch: LeasedBatch) => B,
  ): Validation<B> | undefined;
}

const NONE: ValidationData = {
  description: {},
  sources: [],
  of: () => undefined,
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Each clip once, in whole; what the trainer is done with is given back. */
async function* once<B>(loader: Loader, prepare: (batch: LeasedBatch) => B): AsyncGenerator<B> {
  for await (const batch of loader.batches(0, loader.epochLength)) {
    yield prepare(batch);
    batch.release();
  }
}

/** No clip may be learned from and measured on. @throws Error saying how many are */
function checkDisjoint(
  learned: LoaderOptions['sources'],
  measured: LoaderOptions['sources'],
): void {
  const both = commonSamples(learned, measured);
  if (both > 0)
    throw new Error(
      `${both} samples would be learned from and measured on; choose other --splits, or other --validation-splits`,
    );
}

/**
 * Opens what a run is measured on.
 * @param common how its clips are loaded, but for what makes them harder
 * @throws Error when a cache does not fit, when nothing is chosen, or when it is also learned from
 */
export async function openValidation(
  { cache, validation, data }: Pick<TrainingRequest, 'cache' | 'validation' | 'data'>,
  config: ModelConfig,
  training: TrainingData,
  common: Omit<LoaderOptions, 'sources' | 'augment' | 'imageSize' | 'tubelet'>,
  kind: 'all' | 'labelled' = 'all',
): Promise<ValidationData> {
  if (validation === undefined) return NONE;
  const caches = validation.cache ?? (typeof cache === 'string' ? cache : cache.map(({ path }) => ({ path }))); // prettier-ignore
  const { splits } = validation;
  const chosen = await openTrainingData(caches, { labels: data?.labels, ...(splits === undefined ? {} : { splits: [...splits] }) }, kind); // prettier-ignore
  let loader: Loader | undefined;
  const close = async () => {
    await loader?.close();
    await chosen[Symbol.asyncDispose]();
  };
  try {
    chosen.sources.forEach(({ reader }) => { checkFit(config, reader.manifest.shape); }); // prettier-ignore
    checkDisjoint(training.sources, chosen.sources);
    // One epoch of this seed, always the same: its masks are part of what is measured.
    const augment = { crop: 'none', flip: 0 } as const;
    const purpose = kind === 'labelled' ? 'classify' : 'measure';
    const opened = trainingLoader(config, { ...common, sources: chosen.sources, augment }, purpose);
    loader = opened;
    return {
      description: { validation: chosen.description },
      sources: chosen.sources,
      of: ({ validateEvery, patience, batch }, epochLength, prepare) => ({
        batches: () => once(opened, prepare),
        every: validateEvery ?? Math.max(1, Math.round(epochLength / batch)),
        patience,
      }),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
