import { INFERENCE } from '../../model/forward.js';
import * as tf from '@tensorflow/tfjs-core';

import { loadWeights, type StoredValues } from '../../model/weights/load-weights.js';
import { pretrainLoss, pretrainSpecs, reconstructTokens } from '../../model/systems.js';
import { unpatchify } from '../../model/layers/patch.js';
import { weightsFrom } from '../../model/weights/weights.js';
import type { ModelConfig } from '../../model/config.js';
import type { ReconstructedTokens } from '../../model/system.js';
import type { Tensors } from '../../engine/graph/capture.js';
import type { ClipBatch } from '../batch/batch.js';
import { tensorsOf, toModelBatch } from '../batch/model-batch.js';
import { createRunner } from '../train/runner.js';

/** What a model makes of a batch of clips; films are uint8 `[clips, frames, size, size, 3]`, of one frame where a model takes one. */
export interface ReconstructedClips {
  /** The clips with their masked patches grey. */
  readonly visible: Uint8Array;
  /** The visible patches as they are, the masked ones as the model made them. */
  readonly reconstruction: Uint8Array;
  /** Mean squared error over the masked pixels of each clip, pixels in [0, 1]. */
  readonly mse: readonly number[];
}

/** How well a model reconstructs what it does not see. */
export interface ReconstructionError {
  /** What pre-training minimises, the mean over the clips. */
  readonly loss: number;
  /** The parts of the loss of a system that has some, before they are weighted: CAV-MAE's. */
  readonly parts: Readonly<Record<string, number>>;
  /** As of {@link ReconstructedClips}. */
  readonly mse: readonly number[];
}

export interface Reconstructor {
  reconstruct(batch: ClipBatch): Promise<ReconstructedClips>;
  /** The errors alone, without the films. */
  measure(batch: ClipBatch): Promise<ReconstructionError>;
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

  const weightOf = weightsFrom(tensors);
  const runner = createRunner();

  /** Squared error of the masked pixels, `[clips]`. */
  function errorOf({ original, reconstruction, hidden, masked }: ReconstructedTokens) {
    const squares = tf.mul(tf.square(tf.sub(reconstruction, original)), hidden);
    return tf.div(tf.sum(squares, [1, 2]), masked * (original.shape[2] ?? 1));
  }

  function compute(batch: ClipBatch) {
    const tokens = reconstructTokens(toModelBatch(batch, config), weightOf, config);
    const { original, reconstruction, hidden, ...film } = tokens;
    const layout = { tubelet: film.tubelet, patch: config.patch };
    const toFrames = (tokens: tf.Tensor) => {
      const video = unpatchify(tokens, layout, film.frames, config.imageSize);
      return tf.cast(tf.round(tf.mul(tf.clipByValue(video, 0, 1), 255)), 'int32');
    };
    const blend = (over: tf.Tensor | number) =>
      tf.add(tf.mul(original, tf.sub(1, hidden)), tf.mul(hidden, over));
    return {
      seen: toFrames(blend(GREY)),
      made: toFrames(blend(reconstruction)),
      mse: errorOf(tokens),
    };
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
        visible: Uint8Array.from(seenValues),
        reconstruction: Uint8Array.from(madeValues),
        mse: [...mseValues],
      };
    },
    async measure(batch) {
      const input = toModelBatch(batch, config);
      const inputs = { ...Object.fromEntries(tensors), ...tensorsOf(input) };
      const { loss, mse, ...parts } = runner.run('errors', inputs, () => {
        let parts: Tensors = {};
        const note = (noted: Tensors) => {
          parts = noted;
        };
        const loss = pretrainLoss(input, weightOf, config, { ...INFERENCE, note });
        return { ...parts, loss, mse: errorOf(reconstructTokens(input, weightOf, config)) };
      }) as Tensors & Record<'loss' | 'mse', tf.Tensor>;
      tf.dispose({ ...input });
      const [[value = NaN], mseValues] = await Promise.all([loss.data(), mse.data()]);
      const named = await Promise.all(
        Object.entries(parts).map(async ([name, part]) => [name, (await part.data())[0] ?? NaN] as const), // prettier-ignore
      );
      tf.dispose([loss, mse, parts]);
      return { loss: value, mse: [...mseValues], parts: Object.fromEntries(named) };
    },
    dispose() {
      runner.dispose();
      tf.dispose([...tensors.values()]);
    },
  };
}
