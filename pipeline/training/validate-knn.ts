import type { ModelConfig } from '../../model/config.js';
import { averagesOf } from '../../model/weights/averages.js';
import type { AudioStatistics } from '../../stages/batch/audio-statistics.js';
import type { AudioChoice } from '../../stages/batch/clip-parts.js';
import { createRepresenter } from '../../stages/evaluate/represent.js';
import { accuracyOf, ViewMean } from '../../stages/evaluate/scores.js';
import type { LoaderSource } from '../../stages/load/options.js';
import type { NamedValues } from '../../stages/train/optimizer.js';
import { spreadIndices } from '../reconstruct.js';
import { videosOf } from '../evaluate/classification.js';
import { evaluatedClips } from '../evaluate/clips.js';
import { fillBank, NEIGHBOURS } from '../evaluate/knn.js';

/** Most clips of the bank, spread evenly over those that are learned from: a look must not take long. */
const MOST = 2000;

export interface KnnValidation {
  readonly config: ModelConfig;
  readonly learned: LoaderSource;
  readonly measured: LoaderSource;
  readonly sound: AudioChoice;
  readonly statistics: AudioStatistics | undefined;
}

/** The samples of a source that have labels. */
function labelled({ reader, indices }: LoaderSource) {
  const all = indices ?? Array.from({ length: reader.size }, (_, i) => i);
  return { reader, indices: all.filter((index) => reader.entry(index).label !== null) };
}

/**
 * Tells the videos of a validation apart by the nearest clips that are learned from, as
 * `evaluate --probe knn` does, with at most {@link MOST} in the bank.
 * @throws Error when the clips have no labels
 */
export function knnValidation({ config, learned, measured, ...shown }: KnnValidation) {
  const [all, asked] = [labelled(learned), labelled(measured)];
  if (all.indices.length === 0 || asked.indices.length === 0)
    throw new Error('--validate-knn: the clips have no labels; leave it out, or preprocess a list or folders that say which'); // prettier-ignore
  const spread = spreadIndices(all.indices.length, Math.min(MOST, all.indices.length));
  const source = { ...all, indices: spread.map((i) => all.indices[i] ?? 0) };
  const clips = { ...shown, config, batch: 16, seed: 0, maskRatio: 0.5, worse: { blur: 0, lowRes: 1 } }; // prettier-ignore
  /** @param state weights, and averages where they are kept: those are taken @returns share of the videos that is right */
  return async (state: NamedValues): Promise<number> => {
    const model = createRepresenter(config, undefined, averagesOf(state) ?? state, { of: 'picture' });
    try {
      using bank = await fillBank({ ...clips, source, model, ...NEIGHBOURS });
      const means = new ViewMean();
      for await (const { batch, indices } of evaluatedClips({ ...clips, source: asked, purpose: 'classify' })) {
        const scores = await bank.score(batch);
        means.addAll(videosOf(asked.reader, indices, bank.classes), scores);
      }
      return accuracyOf(means.predictions(), bank.classes.length).top1;
    } finally {
      model.dispose();
    }
  }; // prettier-ignore
}
