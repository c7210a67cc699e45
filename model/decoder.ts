import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from './config.js';
import { tubeletValues } from './geometry.js';
import { linear } from './layers.js';
import { blocks, blockSpecs, layerNormNamed, layerNormSpecs, linearNamed, linearSpecs } from './transformer.js'; // prettier-ignore
import { positionsAt } from './visual-encoder.js';
import { specsUnder, under, type Weights, type WeightSpec } from './weights.js';

/** The weights of VideoMAE's decoder and of what leads to it. */
export function decoderSpecs(config: ModelConfig): WeightSpec[] {
  const { width, decoderWidth, decoderDepth } = config;
  return [
    ...linearSpecs('encoder_to_decoder', width, decoderWidth, false),
    { name: 'mask_token', shape: [1, 1, decoderWidth], init: 'normal-0.02', trainable: true },
    ...specsUnder('decoder', [
      ...Array.from({ length: decoderDepth }, (_, i) =>
        specsUnder(`blocks.${i}`, blockSpecs(decoderWidth)),
      ).flat(),
      ...layerNormSpecs('norm', decoderWidth),
      ...linearSpecs('head', decoderWidth, tubeletValues(config)),
    ]),
  ];
}

/**
 * The picture stream at decoder width, visible tokens first: [E_v(visible) + position, mask token +
 * position]. The masked part holds nothing of the picture but where it is missing.
 * @param encoded `[B, visible, width]` @returns `[B, N, decoderWidth]`
 */
export function pictureStream(
  encoded: tf.Tensor,
  visible: tf.Tensor,
  masked: tf.Tensor,
  weights: Weights,
  config: ModelConfig,
): tf.Tensor {
  const narrow = linear(encoded, weights('encoder_to_decoder.weight'));
  return tf.concat(
    [
      tf.add(narrow, positionsAt(config, config.decoderWidth, visible)),
      tf.add(weights('mask_token'), positionsAt(config, config.decoderWidth, masked)),
    ],
    1,
  );
}

/**
 * The decoder: blocks, LayerNorm, and the head on the last `count` tokens.
 * @param tokens `[B, N, decoderWidth]`, visible first @returns `[B, count, values]`
 */
export function decode(
  tokens: tf.Tensor,
  count: number,
  weights: Weights,
  config: ModelConfig,
): tf.Tensor {
  const decoder = under(weights, 'decoder');
  const [batch = 0, total = 0, width = 0] = tokens.shape;
  const out = blocks(tokens, decoder, config.decoderDepth, config.decoderHeads);
  const last = tf.slice(out, [0, total - count, 0], [batch, count, width]);
  return linearNamed(layerNormNamed(last, decoder, 'norm'), decoder, 'head');
}
