import { modelConfig } from '../../../model/model-config.js';
import assert from 'node:assert/strict';
import { randomFor } from '../../../cache/order/random.js';
import { initialWeights } from '../../../model/weights/init.js';

import { pretrainSpecs } from '../../../model/systems.js';
import { useBackend } from '../../../engine/backend.js';
import { audioAttention } from '../../../stages/evaluate/audio-attention.js';
import { tokenOrder } from '../../../stages/mask/tube-mask.js';
import type { ClipBatch } from '../../../stages/batch/batch.js';

const SIZES = { imageSize: 16, frames: 4, patch: 8, width: 24, depth: 1, heads: 2, decoderWidth: 16, decoderDepth: 1, decoderHeads: 2, fusionHeads: 1, mfccFrames: 16, audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1] }; // prettier-ignore

function batchOf(mask: Uint8Array): ClipBatch {
  const { visible, masked } = tokenOrder(mask, 2);
  const noise = (i: number, range: number) => (Math.imul(i + 1, 2654435761) >>> 8) % range;
  return {
    position: 0,
    keys: ['a'],
    video: Uint8Array.from({ length: 4 * 16 * 16 * 3 }, (_, i) => noise(i, 256)),
    visible,
    masked,
    mfcc: Float32Array.from({ length: 16 * 13 }, (_, i) => noise(i, 200) / 100 - 1),
    audioPresent: Float32Array.of(1),
  };
}

describe('the attention from sound to picture', () => {
  before(() => useBackend('wasm'));
  const config = modelConfig.parse({ ...SIZES, variant: 'av' });
  const drawn = initialWeights(pretrainSpecs(config), (name) => randomFor(7, 0, name, 'init'));
  const weights = new Map([...drawn].map(([name, data]) => [name, { data }]));

  it('is shares of all tokens, for the sound of each slot', async () => {
    const shares = await audioAttention(config, weights, batchOf(Uint8Array.of(1, 0, 1, 1)));
    assert.equal(shares.length, 2 * 8);
    for (const slot of [0, 1]) {
      const own = shares.subarray(slot * 8, slot * 8 + 8);
      assert.ok(own.every((share) => share > 0));
      assert.ok(Math.abs(own.reduce((sum, share) => sum + share, 0) - 1) < 1e-5);
    }
  });

  it('stands at the tokens’ own places, however they are masked', async () => {
    // With the mask tokens alone told apart by their places, tokens that are masked in both runs
    // have the same key; that of a token which is visible in one of them differs.
    const place = async (mask: number[]) => {
      const shares = await audioAttention(config, weights, batchOf(Uint8Array.from(mask)));
      const [first, second] = [shares[0]!, shares[3]!];
      return first / second;
    };
    const [a, b] = [await place([1, 0, 1, 1]), await place([1, 1, 0, 1])];
    assert.ok(Math.abs(a - b) < 1e-4 * a, `${a} and ${b}`);
  });

  it('is refused by models that have none', async () => {
    const other = modelConfig.parse({ ...SIZES, variant: 'v' });
    await assert.rejects(
      audioAttention(other, new Map(), batchOf(Uint8Array.of(1, 0, 1, 1))),
      /"v" has no cross-attention/,
    );
  });
});
