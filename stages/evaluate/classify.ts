import { INFERENCE } from '../../model/forward.js';
import * as tf from '@tensorflow/tfjs-core';
import { classifierSpecs, classify } from '../../model/systems.js';

import { loadWeights, type StoredValues } from '../../model/weights/load-weights.js';
import { weightsFrom } from '../../model/weights/weights.js';
import type { ClassifierConfig } from '../../model/classifier.js';
import type { ModelConfig } from '../../model/config.js';
import type { Tensors } from '../../engine/graph/capture.js';
import type { ClipBatch } from '../batch/batch.js';
import { toLabelBatch } from '../batch/model-batch.js';
import { choosePrecision, createRunner, type PrecisionChoice } from '../train/runner.js';

/** A trained classifier. */
export interface Classifier {
  /** Probabilities, float32 `[clips, classes]`. */
  probabilities(batch: ClipBatch): Promise<Float32Array>;
  dispose(): void;
}

/**
 * @param precision what matrices are multiplied in; default float32
 * @throws Error naming a weight that is missing or has another size
 */
export function createClassifier(
  config: ModelConfig,
  head: ClassifierConfig,
  values: StoredValues,
  precision?: PrecisionChoice,
): Classifier {
  const runner = createRunner('auto', choosePrecision(precision));
  const tensors = loadWeights(values, classifierSpecs(config, head));
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
