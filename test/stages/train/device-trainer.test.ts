import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../../cache/order/random.js';
import type { ModelConfig } from '../../../model/config.js';
import { modelConfig } from '../../../model/model-config.js';
import { pretrainSpecs } from '../../../model/systems.js';
import { initialWeights } from '../../../model/weights/init.js';
import type { ClipBatch } from '../../../stages/batch/batch.js';
import { drawTubeMask, tokenOrder } from '../../../stages/mask/tube-mask.js';
import { createDeviceTrainer } from '../../../stages/train/device-trainer.js';
import { reconstructionObjective } from '../../../stages/train/objective.js';
import type { NamedValues } from '../../../stages/train/optimizer.js';
import { createTrainer, type Trainer } from '../../../stages/train/train.js';
import { planTraining, trainingOptions } from '../../../stages/train/training-options.js';
import { useJaxDevice } from '../../engine/xla/jax-device.js';
import { onBackend } from '../../support/backends.js';
import { relativeError } from '../../support/golden.js';

const config = modelConfig.parse({
  ...{ variant: 'v', frames: 4, imageSize: 16, patch: 4, width: 24, depth: 1, heads: 2 },
  ...{ decoderWidth: 16, decoderDepth: 1, decoderHeads: 2 },
});

/** Other clips and other masks for every `number`. */
function batchOf(number: number, clips = 2, { imageSize, frames, tubelet }: ModelConfig = config): ClipBatch {
  const draw = (purpose: string) => randomFor(7, 0, number, purpose);
  const orders = Array.from({ length: clips }, (_, clip) =>
    tokenOrder(drawTubeMask(16, 0.5, draw(`mask ${clip}`)), frames / tubelet),
  );
  const pixel = draw('pixels');
  return {
    position: number * clips,
    keys: Array.from({ length: clips }, (_, clip) => `clip ${number}/${clip}`),
    video: Uint8Array.from({ length: clips * frames * imageSize ** 2 * 3 }, () => 256 * pixel()),
    visible: Int32Array.from(orders.flatMap(({ visible }) => [...visible])),
    masked: Int32Array.from(orders.flatMap(({ masked }) => [...masked])),
    mfcc: new Float32Array(clips * config.mfccFrames * config.cepstra),
    audioPresent: new Float32Array(clips),
  };
} // prettier-ignore

const specs = pretrainSpecs(config);
const begin = () => {
  const values = initialWeights(specs, (name) => randomFor(2, 0, name, 'init'));
  return new Map(specs.map(({ name, shape }) => [name, { shape, data: values.get(name)! }]));
};

onBackend('wasm', 'training on a device that runs whole steps', () => {
  const device = useJaxDevice();

  function settings(accumulate = 1, initial: NamedValues = begin(), step = 0) {
    const options = trainingOptions.parse({ steps: 40, lr: 1e-3, warmupEpochs: 0, clipGrad: 0.5 });
    return {
      objective: reconstructionObjective(config),
      options: { ...options, average: 0.9, accumulate },
      plan: planTraining(options, 40),
      ...{ initial, step },
    };
  }
  const onDevice = (...given: Parameters<typeof settings>) =>
    createDeviceTrainer({ ...settings(...given), device: device() });
  const eager = (...given: Parameters<typeof settings>) => createTrainer({ ...settings(...given), capture: false }); // prettier-ignore

  async function assertSame(a: Trainer<ClipBatch>, b: Trainer<ClipBatch>): Promise<void> {
    const [expected, made] = [await a.state(), await b.state()];
    assert.deepEqual([...made.keys()].toSorted(), [...expected.keys()].toSorted());
    for (const [name, { shape, data }] of expected) {
      assert.deepEqual(made.get(name)!.shape, shape, name);
      const error = relativeError(made.get(name)!.data, data);
      assert.ok(error < 1e-5, `${name}: ${error}`);
    }
  }

  it('takes the steps that eager training takes, and measures the same', async () => {
    const [a, b] = [eager(), onDevice()];
    assert.equal(b.parameters, a.parameters);
    for (let i = 0; i < 3; i++) {
      const [expected, made] = [await a.train(batchOf(i)), await b.train(batchOf(i))];
      assert.ok(Math.abs(made.loss - expected.loss) < 1e-5 * expected.loss);
      assert.deepEqual({ ...made, loss: 0 }, { ...expected, loss: 0 });
    }
    await assertSame(a, b);
    const batches = async function* () {
      await Promise.resolve();
      yield* [batchOf(7), batchOf(8)];
    };
    const [expected, made] = [await a.measure(batches()), await b.measure(batches())];
    assert.equal(made.clips, expected.clips);
    assert.ok(Math.abs(made.loss - expected.loss) < 1e-5 * expected.loss);
    a.dispose();
    b.dispose();
  });

  it('takes a step on several batches as eager training does', async () => {
    const [a, b] = [eager(2), onDevice(2)];
    for (let i = 0; i < 2; i++) {
      for (const trainer of [a, b]) {
        await trainer.add(batchOf(2 * i));
        if (trainer === b) assert.throws(() => b.finish(), /takes 2 batches, and there are 1/);
        await trainer.add(batchOf(2 * i + 1));
      }
      const [expected, made] = [a.finish(), b.finish()];
      assert.ok(Math.abs(made.loss - expected.loss) < 1e-5 * expected.loss);
    }
    await assertSame(a, b);
    a.dispose();
    b.dispose();
  });

  it('goes on from its state to the bit', async () => {
    const whole = onDevice();
    for (let i = 0; i < 4; i++) await whole.train(batchOf(i));
    const first = onDevice();
    for (let i = 0; i < 2; i++) await first.train(batchOf(i));
    const second = onDevice(1, await first.state(), 2);
    for (let i = 2; i < 4; i++) await second.train(batchOf(i));
    assert.deepEqual(await second.state(), await whole.state());
    for (const trainer of [whole, first, second]) trainer.dispose();
  });

  it('holds no more tensors after a step than before, on the device and beside it', async () => {
    const trainer = onDevice();
    await trainer.train(batchOf(0));
    const [here, there] = [tf.memory().numTensors, await device().alive()];
    for (let i = 1; i < 4; i++) await trainer.train(batchOf(i));
    assert.equal(await device().alive(), there);
    assert.equal(tf.memory().numTensors, here);
    trainer.dispose();
    assert.equal(await device().alive(), 0);
  });

  it('stops at a loss that is no number, names the clips and leaves the weights alone', async () => {
    const initial = begin();
    initial.get('mask_token')!.data.fill(NaN);
    const trainer = onDevice(1, initial);
    await assert.rejects(trainer.train(batchOf(0)), /the loss of step 1 is NaN; .*clip 0\/0, clip 0\/1/);
    const state = await trainer.state();
    for (const [name, { data }] of initial) assert.deepEqual(state.get(name)!.data, data, name);
    trainer.dispose();
  }); // prettier-ignore

  it('refuses weights that are missing or have another size, by name', () => {
    const lacking = begin();
    lacking.delete('mask_token');
    assert.throws(() => onDevice(1, lacking), /mask_token has no values, expected 16 \(1×1×16\)/);
  });
});
