import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import {
  audioEncoderSpecs,
  encodeAudio,
  poolToSlots,
  type AudioEncoderOptions,
} from '../../../model/layers/audio-encoder.js';
import { weightsFrom } from '../../../model/weights/weights.js';
import { onEveryQuickBackend } from '../../support/backends.js';
import { assertClose, readGolden, relativeError, type Golden } from '../../support/golden.js';

const TOLERANCE = 1e-4;
const count = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

describe('audio encoder', () => {
  it('has 1,354,390 learned weights', () => {
    const specs = audioEncoderSpecs({
      filters: [16, 32, 64, 128],
      layers: [3, 4, 6, 3],
      dilation: [1, 1, 2, 4],
    });
    const learned = specs.filter((spec) => spec.trainable);
    assert.equal(
      learned.reduce((sum, { shape }) => sum + count(shape), 0),
      1_354_390,
    );
  });

  it('refuses to pool tokens that do not divide into the slots', () => {
    assert.throws(
      () => poolToSlots({ shape: [1, 60, 4] } as unknown as tf.Tensor, 8),
      /60 audio tokens do not divide into 8/,
    );
  });
});

onEveryQuickBackend('TalkNet’s audio encoder against the original', () => {
  let golden: Golden;
  let options: AudioEncoderOptions;
  before(async () => {
    golden = await readGolden('talknet-audio-encoder');
    const config = JSON.parse(golden.metadata['config']!) as {
      layers: number[];
      num_filters: number[];
    };
    options = { layers: config.layers, filters: config.num_filters, dilation: [1, 1, 1, 1] };
  });

  const forward = (weights: Map<string, tf.Tensor>, updates?: Map<string, tf.Tensor>) =>
    encodeAudio(
      golden.tensor('input.mfcc'),
      weightsFrom(weights),
      options,
      updates === undefined ? { training: false } : { training: true, updates },
    );

  it('declares exactly the weights of the original', () => {
    const declared = audioEncoderSpecs(options).map((spec) => [spec.name, spec.shape.join()]);
    const original = golden.names('model').filter((name) => !name.endsWith('num_batches_tracked'));
    assert.deepEqual(
      declared.sort(),
      original.map((name) => [name, golden.array(`model.${name}`).shape.join()]).sort(),
    );
  });

  it('output in inference and in training', async () => {
    const weights = golden.weights('model');
    await assertClose(forward(weights), golden.array('expect.output_eval'), TOLERANCE, 'inference');
    await assertClose(
      forward(weights, new Map()),
      golden.array('expect.output_train'),
      TOLERANCE,
      'training',
    );
  });

  it('loss and gradients in training', async () => {
    const weights = golden.weights('model');
    const learned = [...weights.keys()].filter((name) => !/running|tracked/.test(name));
    const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
      const all = new Map(weights);
      learned.forEach((name, i) => all.set(name, tensors[i]!));
      return tf.mean<tf.Scalar>(tf.square(forward(all, new Map())));
    })(learned.map((name) => weights.get(name)!));
    assert.ok(
      relativeError(await value.data(), golden.array('expect.loss_mean_square_train').data) <
        TOLERANCE,
    );
    const expected = golden.names('expect.grad');
    assert.equal(expected.length, 3);
    const largest = Math.max(
      ...expected.flatMap((name) => [...golden.array(`expect.grad.${name}`).data].map(Math.abs)),
    );
    for (const name of expected) {
      const { data, shape } = golden.array(`expect.grad.${name}`);
      const grad = grads[learned.indexOf(name)]!;
      assert.deepEqual(grad.shape, shape);
      const error = relativeError(await grad.data(), data) * Math.max(...data.map(Math.abs));
      // The gradient of the squeeze is two thousand times smaller than the others, a difference of
      // large numbers: one unit in the last place of the input moves it by 3e-4 of its size. No
      // float32 arithmetic can hold it to more than the last digits of what it is made of.
      const bound = Math.max(TOLERANCE * Math.max(...data.map(Math.abs)), 1e-6 * largest);
      assert.ok(error <= bound, `gradient of ${name}: error ${error} above ${bound}`);
    }
    for (const [i, grad] of grads.entries()) {
      // The golden model squeezes to a single unit; where its ReLU is off, nothing passes.
      if (learned[i]!.includes('se.fc')) continue;
      const [largest] = await tf.max(tf.abs(grad)).data();
      assert.ok(largest! > 0, `no gradient reaches ${learned[i]}`);
    }
  });

  it('running statistics move a tenth of the way to the batch’s', async () => {
    const weights = golden.weights('model');
    const updates = new Map<string, tf.Tensor>();
    forward(weights, updates);
    const running = [...weights.keys()].filter((name) => name.includes('running'));
    assert.deepEqual([...updates.keys()].sort(), running.sort());
    const old = await weights.get('bn1.running_mean')!.data();
    const first = await updates.get('bn1.running_mean')!.data();
    const again = new Map<string, tf.Tensor>();
    weights.set('bn1.running_mean', updates.get('bn1.running_mean')!);
    forward(weights, again);
    const second = await again.get('bn1.running_mean')!.data();
    // The same batch again: what is left of the distance to its mean shrinks to nine tenths.
    for (let c = 0; c < old.length; c++)
      assert.ok(Math.abs(second[c]! - first[c]! - 0.9 * (first[c]! - old[c]!)) < 1e-5);
  });

  for (const [dilation, reach] of [
    [[1, 1, 1, 1], 189],
    [[1, 1, 2, 4], 425],
  ] as const)
    it(`with time dilation ${dilation.join()} the convolutions of a token reach ${reach} MFCC frames`, async () => {
      const deep = { filters: [8, 8, 8, 8], layers: [3, 4, 6, 3], dilation };
      const weights = new Map(
        audioEncoderSpecs(deep).map(({ name, shape, init }, i) => {
          if (init === 'ones') return [name, tf.ones([...shape])];
          // Squeeze and excitation averages over the whole clip, whatever the dilation: a gate that
          // depends on nothing leaves the reach of the convolutions alone.
          if (name.includes('se.fc.2.weight')) return [name, tf.zeros([...shape])];
          return [name, tf.randomNormal([...shape], 0.05, 0.2, 'float32', i)];
        }),
      );
      const grad = tf.grad((mfcc: tf.Tensor) => {
        const tokens = encodeAudio(mfcc, weightsFrom(weights), deep, { training: false });
        return tf.sum(tf.slice(tokens, [0, 64, 0], [1, 1, 8]));
      })(tf.randomNormal([1, 512, 13], 0, 1, 'float32', 3));
      const heard = await tf.max(tf.abs(grad), [0, 2]).data();
      const frames = [...heard.keys()].filter((i) => heard[i]! > 0);
      // Half of it on either side of frame 256, where token 64 begins.
      const half = (reach - 1) / 2;
      assert.deepEqual([frames[0], frames.at(-1), frames.length], [256 - half, 256 + half, reach]);
    });
});
