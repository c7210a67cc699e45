import { modelConfig } from '../../model/model-config.js';
import type { ModelConfig } from '../../model/config.js';
import { pretrainSpecs } from '../../model/systems.js';

/** Learned weights of pre-training. */
const weightsOf = (config: ModelConfig) =>
  pretrainSpecs(config)
    .filter(({ trainable }) => trainable)
    .reduce((sum, { shape }) => sum + shape.reduce((size, n) => size * n, 1), 0);

/**
 * The depth of the decoder at which AV-MaskEnhancer without any attention in its fusion has as many
 * weights as with all of it, or the nearest number.
 * @param config of any system
 */
export function matchedDepth(config: ModelConfig): number {
  const without = (decoderDepth: number) => weightsOf(modelConfig.parse({ ...config, variant: 'av-no-cross', decoderDepth })); // prettier-ignore
  const { decoderDepth: depth } = config;
  const block = without(depth + 1) - without(depth);
  const lacking = weightsOf(modelConfig.parse({ ...config, variant: 'av' })) - without(depth);
  return depth + Math.round(lacking / block);
}
