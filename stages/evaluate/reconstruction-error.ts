import * as tf from '@tensorflow/tfjs-core';
import {
  INFERENCE,
  loadWeights,
  pretrainSpecs,
  weightsFrom,
  type ModelConfig,
  type StoredValues,
} from '../../model/index.js';
import type { ClipBatch } from '../batch.js';
import { createReconstructor } from '../reconstruct.js';
import { reconstructionObjective } from '../training/objective.js';

/** How well a model reconstructs what it does not see. */
export interface ReconstructionMeter {
  /** @returns the objective's loss, the mean over the clips, and for each the squared error of its masked pixels in [0, 1] */
  measure(batch: ClipBatch): Promise<{ loss: number; mse: readonly number[] }>;
  dispose(): void;
}

/** @throws Error naming a weight that is missing or has another size */
export function createReconstructionMeter(
  config: ModelConfig,
  values: StoredValues,
): ReconstructionMeter {
  const model = createReconstructor(config, values);
  const weights = loadWeights(values, pretrainSpecs(config));
  const objective = reconstructionObjective(config);
  return {
    async measure(batch) {
      const loaded = objective.load(batch, 'measure');
      const loss = tf.tidy(() => loaded.loss(weightsFrom(weights), INFERENCE));
      const [value = NaN] = await loss.data();
      loss.dispose();
      loaded.dispose();
      return { loss: value, mse: (await model.reconstruct(batch)).mse };
    },
    dispose() {
      model.dispose();
      tf.dispose([...weights.values()]);
    },
  };
}
