import { modelConfig } from '../../../model/model-config.js';
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../../cache/order/random.js';
import { initialWeights } from '../../../model/weights/init.js';
import { type ModelConfig } from '../../../model/config.js';
import { pretrainSpecs } from '../../../model/systems.js';
import { createReconstructor } from '../../../stages/evaluate/reconstruct.js';
import { drawTubeMask, tokenOrder } from '../../../stages/mask/tube-mask.js';
import type { ClipBatch } from '../../../stages/batch/batch.js';
import { onEveryQuickBackend } from '../../support/backends.js';

const CONFIG = modelConfig.parse({
  ...{ frames: 4, imageSize: 16, patch: 4, width: 24, depth: 1, heads: 2 },
  ...{ decoderWidth: 16, decoderDepth: 1, decoderHeads: 2, mfccFrames: 16 },
  ...{ audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1] },
});

function batchOf(clips: number): ClipBatch {
  const orders = Array.from({ length: clips }, (_, clip) =>
    tokenOrder(drawTubeMask(16, 0.5, randomFor(7, 0, clip, 'mask')), 2),
  );
  return {
    position: 0,
    keys: orders.map((_, clip) => `clip ${clip}`),
    video: Uint8Array.from({ length: clips * 4 * 16 * 16 * 3 }, (_, i) => (i * 7919) % 256),
    visible: Int32Array.from(orders.flatMap(({ visible }) => [...visible])),
    masked: Int32Array.from(orders.flatMap(({ masked }) => [...masked])),
    mfcc: Float32Array.from({ length: clips * 16 * 13 }, (_, i) => Math.sin(i)),
    audioPresent: new Float32Array(clips).fill(1),
  };
}

const modelOf = (config: ModelConfig) => {
  const values = initialWeights(pretrainSpecs(config), (name) => randomFor(2, 0, name, 'init'));
  return createReconstructor(config, new Map([...values].map(([name, data]) => [name, { data }])));
};

onEveryQuickBackend('the errors of a reconstruction', () => {
  it('are those of its films, clip by clip, over batches of several sizes', async () => {
    const before = tf.memory().numTensors;
    const model = modelOf(CONFIG);
    for (const clips of [2, 1, 2]) {
      const batch = batchOf(clips);
      const { loss, mse } = await model.measure(batch);
      const films = await model.reconstruct(batch);
      assert.ok(loss > 0 && Number.isFinite(loss));
      assert.equal(mse.length, clips);
      mse.forEach((error, i) => {
        assert.ok(Math.abs(error / films.mse[i]! - 1) < 1e-4, `${error}, ${films.mse[i]}`);
      });
    }
    model.dispose();
    assert.equal(tf.memory().numTensors, before);
  });
});
