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
  type Tensors,
} from '../../model/index.js';
import type { ClipBatch } from '../batch.js';
import { toLabelBatch } from '../model-batch.js';
import { createRunner } from '../training/runner.js';

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
  const runner = createRunner();
  return {
    async probabilities(batch) {
      const clips = toLabelBatch(batch, config);
      const inputs = { ...Object.fromEntries(tensors), ...clips } as Tensors;
      const { scores } = runner.run('probabilities', inputs, () => ({
        scores: tf.softmax(classify(clips, weightsFrom(tensors), config, head, INFERENCE)),
      })) as Record<'scores', tf.Tensor>;
      const data = (await scores.data()) as Float32Array;
      tf.dispose([{ ...clips }, scores]);
      return data;
    },
    dispose() {
      runner.dispose();
      tf.dispose([...tensors.values()]);
    },
  };
} // prettier-ignore
