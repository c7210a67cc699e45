import { modelConfig } from '../../../model/model-config.js';
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../../cache/order/random.js';
import { initialWeights } from '../../../model/weights/init.js';

import { pretrainSpecs } from '../../../model/systems.js';
import type { BackendName } from '../../../engine/backend.js';
import { createTrainer } from '../../../stages/train/train.js';
import { drawTubeMask, tokenOrder } from '../../../stages/mask/tube-mask.js';
import { planTraining, trainingOptions } from '../../../stages/train/training-options.js';
import { reconstructionObjective } from '../../../stages/train/objective.js';
import type { ClipBatch } from '../../../stages/batch/batch.js';
import { isSlow, onBackend } from '../../support/backends.js';

const LONG = process.env['AVME_LONG'] !== undefined;
const CLIPS = 2;

/** Small, with sound, so that every part of a step is in it. */
const CONFIG = modelConfig.parse({
  ...{ frames: 4, imageSize: 16, patch: 4, width: 24, depth: 1, heads: 2 },
  ...{ decoderWidth: 16, decoderDepth: 1, decoderHeads: 2, mfccFrames: 16 },
  ...{ audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1] },
});

/** Other masks and other clips without sound from step to step. */
function batchOf(number: number): ClipBatch {
  const orders = Array.from({ length: CLIPS }, (_, clip) =>
    tokenOrder(drawTubeMask(16, 0.5, randomFor(7, number, clip, 'mask')), 2),
  );
  return {
    position: number * CLIPS,
    keys: orders.map((_, clip) => `${number}/${clip}`),
    video: Uint8Array.from({ length: CLIPS * 4 * 16 * 16 * 3 }, (_, i) => (i * 7919 + number) % 256), // prettier-ignore
    visible: Int32Array.from(orders.flatMap(({ visible }) => [...visible])),
    masked: Int32Array.from(orders.flatMap(({ masked }) => [...masked])),
    mfcc: Float32Array.from({ length: CLIPS * 16 * 13 }, (_, i) => Math.sin(i + number)),
    audioPresent: Float32Array.from({ length: CLIPS }, (_, clip) => (clip + number) % 2),
  };
}

/** Trains with all that keeps tensors: clipping, an average, parts and a look at the clips now and then. */
function stepper(capture: boolean) {
  const options = trainingOptions.parse({ steps: 2000, lr: 1e-3, clipGrad: 1, batch: 2 * CLIPS });
  const specs = pretrainSpecs(CONFIG);
  const values = initialWeights(specs, (name) => randomFor(2, 0, name, 'init'));
  const trainer = createTrainer({
    objective: reconstructionObjective(CONFIG),
    options: { ...options, average: 0.99 },
    plan: planTraining(options, 40),
    initial: new Map([...values].map(([name, data]) => [name, { data }])),
    step: 0,
    capture,
  });
  async function* one(number: number) {
    yield await Promise.resolve(batchOf(number));
  }
  const step = async (number: number) => {
    await trainer.add(batchOf(2 * number));
    await trainer.add(batchOf(2 * number + 1));
    trainer.finish();
    if (number % 10 === 0) await trainer.measure(one(number));
    // As the run does between two steps: a GPU's driver and the collector get their turn.
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { step, dispose: () => { trainer.dispose(); } }; // prettier-ignore
}

/** What is held. RSS only says something after thousands of allocations, so only the long test looks at it. */
const held = () => ({ tensors: tf.memory().numTensors, bytes: tf.memory().numBytes, data: tf.engine().backend.numDataIds() }); // prettier-ignore

function holds(backend: BackendName, capture: boolean, steps: number): void {
  it(`${backend}${capture ? ', captured' : ''}: ${steps} steps hold no more than three`, async function () {
    this.timeout(LONG ? 0 : 300_000);
    const empty = held();
    const { step, dispose } = stepper(capture);
    for (let i = 0; i < 3; i++) await step(i);
    const [before, atFirst] = [held(), process.memoryUsage.rss()];
    let middle = 0;
    for (let i = 3; i < steps; i++) {
      await step(i);
      assert.deepEqual(held(), before, `after step ${i}`);
      if (i === Math.floor(steps / 2)) middle = process.memoryUsage.rss();
    }
    if (LONG) {
      const last = process.memoryUsage.rss();
      console.log(`      RSS ${[atFirst, middle, last].map((rss) => `${(rss / 1e6).toFixed(0)} MB`).join(', ')} at the start, in the middle, at the end; ${before.tensors} tensors`);
      assert.ok(last - middle < 0.1 * middle, `resident memory grows: ${middle}, ${last}`);
    }
    dispose();
    assert.deepEqual(held(), empty);
  }); // prettier-ignore
}

for (const backend of ['tensorflow', 'webgpu', 'wasm', 'cpu'] as const) {
  const many = backend === 'cpu' ? 60 : backend === 'webgpu' ? 200 : 1000;
  const steps = LONG ? many : backend === 'cpu' ? 8 : 12;
  if (isSlow(backend))
    it.skip(`what training holds on ${backend}: on a GPU made of software with AVME_LONG=1`);
  else
    onBackend(backend, 'what training holds', () => {
      holds(backend, false, steps);
      if (backend === 'tensorflow') holds(backend, true, steps);
    });
}
