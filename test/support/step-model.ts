import { modelConfig } from '../../model/model-config.js';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../cache/order/random.js';
import { PRESETS, type ModelConfig } from '../../model/config.js';
import { drawTubeMask, tokenOrder } from '../../stages/mask/tube-mask.js';
import type { ClipBatch } from '../../stages/batch/batch.js';

/**
 * The model that a step is taken of; of the paper's sizes with 4 decoder blocks.
 * @param size `s`, `b`, `small` (the demo's) or `tiny` (to try a bench out)
 */
export function configOf(size: string, variant: string): ModelConfig {
  if (size === 's' || size === 'b') return modelConfig.parse({ ...PRESETS[size], variant, decoderDepth: 4 }); // prettier-ignore
  const small = modelConfig.parse({
    ...{ variant, imageSize: 48, patch: 8, frames: 16, width: 96, depth: 4, heads: 4 },
    ...{ decoderWidth: 64, decoderDepth: 2, decoderHeads: 4, fusionHeads: 4, mfccFrames: 128 },
    ...{ audioFilters: [8, 8, 16, 32], audioLayers: [1, 1, 1, 1] },
  });
  if (size === 'small') return small;
  if (size === 'tiny') return modelConfig.parse({ ...small, imageSize: 32, width: 32, depth: 2, decoderWidth: 16 }); // prettier-ignore
  throw new Error(`there is no model size ${JSON.stringify(size)}; choose s, b, small or tiny`);
}

/** Clips of a pattern, another for each `number`, 90 % of them masked. */
export function batchOf(config: ModelConfig, clips: number, number: number): ClipBatch {
  const { imageSize, patch, frames, tubelet, mfccFrames, cepstra } = config;
  const orders = Array.from({ length: clips }, (_, clip) =>
    tokenOrder(drawTubeMask((imageSize / patch) ** 2, 0.9, randomFor(1, number, clip, 'mask')), frames / tubelet),
  ); // prettier-ignore
  return {
    position: number * clips,
    keys: orders.map((_, clip) => `${number}/${clip}`),
    video: Uint8Array.from({ length: clips * frames * imageSize ** 2 * 3 }, (_, i) => (i * 7919 + number) % 256), // prettier-ignore
    visible: Int32Array.from(orders.flatMap(({ visible }) => [...visible])),
    masked: Int32Array.from(orders.flatMap(({ masked }) => [...masked])),
    mfcc: Float32Array.from({ length: clips * mfccFrames * cepstra }, (_, i) => Math.sin(i + number)), // prettier-ignore
    audioPresent: new Float32Array(clips).fill(1),
  };
}

/** GFLOP/s of a product of two square matrices, the best of several. */
export async function matMulRate(side = 1024, times = 8): Promise<number> {
  const [a, b] = [tf.randomUniform([side, side]), tf.randomUniform([side, side])];
  let best = Infinity;
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    const product = tf.matMul(a, b);
    await product.data();
    best = Math.min(best, performance.now() - start);
    product.dispose();
  }
  tf.dispose([a, b]);
  return (2 * side ** 3) / best / 1e6;
}

/**
 * Arithmetic of the products in VideoMAE's step, in FLOP: forward, and twice as much backward. Elementwise work is
 * not counted.
 */
export function stepFlop(config: ModelConfig, clips: number, visible: number): number {
  const { imageSize, patch, frames, tubelet, width, depth, decoderWidth, decoderDepth } = config;
  const tokens = (imageSize / patch) ** 2 * (frames / tubelet);
  const values = 3 * tubelet * patch ** 2;
  const block = (n: number, wide: number) => 24 * n * wide ** 2 + 4 * n ** 2 * wide;
  const blocks = depth * block(visible, width) + decoderDepth * block(tokens, decoderWidth);
  const rest = visible * width * decoderWidth + (tokens - visible) * decoderWidth * values;
  // Pixels have no gradient: of the embedding only the weight has.
  return clips * (3 * (blocks + 2 * rest) + 2 * 2 * visible * width * values);
}
