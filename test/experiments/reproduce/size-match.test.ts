import assert from 'node:assert/strict';
import { matchedDepth } from '../../../experiments/reproduce/size-match.js';
import { PRESETS } from '../../../model/config.js';
import { modelConfig } from '../../../model/model-config.js';
import { pretrainSpecs } from '../../../model/systems.js';

describe('a system of as many weights', () => {
  it('at the sizes of the evidence: eight blocks of the decoder, 0.2 % apart', () => {
    const config = modelConfig.parse({
      ...{ width: 96, depth: 2, heads: 4, decoderWidth: 64, decoderDepth: 2, decoderHeads: 4 },
      ...{ fusionHeads: 4, audioFilters: [8, 16, 32, 64], audioLayers: [1, 1, 1, 1] },
      ...{ imageSize: 32, patch: 8 },
    });
    assert.equal(matchedDepth(config), 8);
    const count = (variant: 'av' | 'av-no-cross', decoderDepth: number) =>
      pretrainSpecs(modelConfig.parse({ ...config, variant, decoderDepth }))
        .filter(({ trainable }) => trainable)
        .reduce((sum, { shape }) => sum + shape.reduce((size, n) => size * n, 1), 0);
    assert.deepEqual([count('av', 2), count('av-no-cross', 8)], [781_391, 782_671]);
  });

  it('is as near as whole blocks come', () => {
    // ViT-S: 2,664,192 weights of attention, 444,864 a block: 12 · 192² + 13 · 192, without biases of k.
    assert.equal(matchedDepth(modelConfig.parse(PRESETS.s)), 10);
  });
});
