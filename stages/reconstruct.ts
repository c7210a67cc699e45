import * as tf from '@tensorflow/tfjs-core';
import {
  loadWeights,
  pretrainSpecs,
  reconstructTokens,
  unpatchify,
  weightsFrom,
  type ModelConfig,
  type StoredValues,
} from '../model/index.js';
import type { ClipBatch } from './batch.js';
import { toModelBatch } from './model-batch.js';

/** What a model makes of a batch of clips; films are uint8 `[clips, frames, size, size, 3]`, of one frame where a model takes one. */
export interface ReconstructedClips {
  /** The clips with their masked patches grey. */
  readonly seen: Uint8Array;
  /** The visible patches as they are, the masked ones as the model made them. */
  readonly made: Uint8Array;
  /** Mean squared error over the masked pixels of each clip, pixels in [0, 1]. */
  readonly mse: readonly number[];
}

export interface Reconstructor {
  reconstruct(batch: ClipBatch): Promise<ReconstructedClips>;
  dispose(): void;
}

/** What a masked patch looks like where it is not seen. */
const GREY = 0.5;

/**
 * The reconstruction stage. A model that was trained on normalised targets predicts the texture of
 * a tubelet but not its brightness and contrast: these are then taken from the original, as
 * VideoMAE's own pictures do.
 * @param weights at least those of the model
 * @throws Error naming a weight that is missing
 */
export function createReconstructor(config: ModelConfig, weights: StoredValues): Reconstructor {
  const tensors = loadWeights(weights, pretrainSpecs(config));

  function compute(batch: ClipBatch) {
    const input = toModelBatch(batch, config);
    const { original, made, hidden, masked, ...film } = reconstructTokens(input, weightsFrom(tensors), config); // prettier-ignore
    const layout = { tubelet: film.tubelet, patch: config.patch };
    const toFilm = (tokens: tf.Tensor) => {
      const video = unpatchify(tokens, layout, film.frames, config.imageSize);
      return tf.cast(tf.round(tf.mul(tf.clipByValue(video, 0, 1), 255)), 'int32');
    };
    const blend = (over: tf.Tensor | number) =>
      tf.add(tf.mul(original, tf.sub(1, hidden)), tf.mul(hidden, over));
    const squares = tf.mul(tf.square(tf.sub(made, original)), hidden);
    const mse = tf.div(tf.sum(squares, [1, 2]), masked * (original.shape[2] ?? 1));
    return { seen: toFilm(blend(GREY)), made: toFilm(blend(made)), mse };
  }

  return {
    async reconstruct(batch) {
      const { seen, made, mse } = tf.tidy(() => compute(batch));
      const [seenValues, madeValues, mseValues] = await Promise.all([
        seen.data(),
        made.data(),
        mse.data(),
      ]);
      tf.dispose([seen, made, mse]);
      return {
        seen: Uint8Array.from(seenValues),
        made: Uint8Array.from(madeValues),
        mse: [...mseValues],
      };
    },
    dispose() {
      tf.dispose([...tensors.values()]);
    },
  };
}
