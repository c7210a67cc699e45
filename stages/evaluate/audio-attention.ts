import { INFERENCE } from '../../model/forward.js';
import * as tf from '@tensorflow/tfjs-core';
import { pretrainForward } from '../../model/av-maskenhancer.js';
import { loadWeights, type StoredValues } from '../../model/weights/load-weights.js';
import { pretrainSpecs } from '../../model/systems.js';
import { slotsOf } from '../../model/layers/geometry.js';
import { weightsFrom } from '../../model/weights/weights.js';
import { crosses } from '../../model/fusion.js';
import type { ModelConfig } from '../../model/config.js';
import { placeTokens } from '../../engine/ops/gather.js';
import type { ClipBatch } from '../batch/batch.js';
import { toModelBatch } from '../batch/model-batch.js';

/**
 * What the sound of each temporal slot attends to in the picture: the shares of V2A, whose queries
 * are the eight rows of the sound stream and whose keys are all tokens of the picture stream, visible
 * and masked (eq. 6). The mean over the heads; each slot's shares add up to 1.
 * @param weights at least those of the model
 * @returns float32 `[clips, slots, N]`, tokens time-major
 * @throws RangeError when the model has no cross-attention
 */
export async function audioAttention(
  config: ModelConfig,
  weights: StoredValues,
  batch: ClipBatch,
): Promise<Float32Array> {
  if (!crosses(config))
    throw new RangeError(
      `a model of the variant "${config.variant}" has no cross-attention: nothing attends from sound to picture`,
    );
  const tensors = loadWeights(weights, pretrainSpecs(config));
  const slots = slotsOf(config);
  const placed = tf.tidy(() => {
    const input = toModelBatch(batch, config);
    let attention: tf.Tensor | undefined;
    pretrainForward(input, weightsFrom(tensors), config, {
      ...INFERENCE,
      watch: (layer, seen) => {
        if (layer === 'cross_v2a') attention = seen;
      },
    });
    if (attention === undefined)
      throw new Error('sound attention: the model did not show its shares');
    const [, , tokens = 0] = attention.shape;
    const clips = batch.keys.length;
    const mean = tf.mean(tf.reshape(attention, [clips, -1, slots, tokens]), 1);
    const order = tf.concat([input.visible, input.masked], 1);
    return tf.transpose(placeTokens(tf.transpose(mean, [0, 2, 1]), order), [0, 2, 1]);
  });
  try {
    return (await placed.data()) as Float32Array;
  } finally {
    tf.dispose([placed, ...tensors.values()]);
  }
}
