import * as tf from '@tensorflow/tfjs-core';
import {
  classifierSpecs,
  classify,
  INFERENCE,
  loadWeights,
  weightsFrom,
  type ClassifierConfig,
  type ModelConfig,
  type StoredValues,
} from '../../model/index.js';
import type { ClipBatch } from '../batch.js';
import { toLabelBatch } from '../model-batch.js';

/** A trained classifier. */
export interface Classifier {
  /** Probabilities, float32 `[clips, classes]`. */
  probabilities(batch: ClipBatch): Promise<Float32Array>;
  dispose(): void;
}

/** @throws Error naming a weight that is missing or has another size */
export function createClassifier(
  config: ModelConfig,
  head: ClassifierConfig,
  values: StoredValues,
): Classifier {
  const tensors = loadWeights(values, classifierSpecs(config, head));
  return {
    async probabilities(batch) {
      const scores = tf.tidy(() =>
        tf.softmax(classify(toLabelBatch(batch, config), weightsFrom(tensors), config, head, INFERENCE)),
      );
      const data = (await scores.data()) as Float32Array;
      scores.dispose();
      return data;
    },
    dispose() {
      tf.dispose([...tensors.values()]);
    },
  };
} // prettier-ignore
