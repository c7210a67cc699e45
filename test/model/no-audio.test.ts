import { type ForwardMode, type ModelBatch } from '../../model/forward.js';
import { modelConfig } from '../../model/model-config.js';
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../cache/order/random.js';
import { initialWeights } from '../../model/weights/init.js';

import { pretrainForward } from '../../model/av-maskenhancer.js';
import { pretrainLoss, pretrainSpecs } from '../../model/systems.js';
import { weightsFrom } from '../../model/weights/weights.js';
import { onEachBackend } from '../support/backends.js';

/** Two slots of four positions; the audio encoder has its full depth, where errors would pile up. */
const CONFIG = modelConfig.parse({
  ...{ frames: 4, imageSize: 16, patch: 8, width: 16, depth: 1, heads: 2 },
  ...{ decoderWidth: 16, decoderDepth: 1, decoderHeads: 2, mfccFrames: 16, dropout: 0 },
  audioFilters: [8, 8, 8, 8],
});

const noise = (count: number, purpose: string) => {
  const draw = randomFor(3, 0, 'noise', purpose);
  return Float32Array.from({ length: count }, () => 4 * draw() - 2);
};

/** Initial weights with norms that shift, as trained ones do. */
function weights(): Map<string, tf.Tensor> {
  const specs = pretrainSpecs(CONFIG);
  const values = initialWeights(specs, (name) => randomFor(1, 0, name, 'weights'));
  return new Map(
    specs.map(({ name, shape, trainable }) => {
      const value = tf.tensor(values.get(name)!, [...shape]);
      const shifted = trainable && /bn\d\.bias$/.test(name);
      return [name, shifted ? tf.add(value, tf.tensor(noise(value.size, name))) : value];
    }),
  );
}

/** Clips of one picture and different sound. @param sounds MFCCs of each clip; null for none */
function batchOf(sounds: readonly (Float32Array | null)[]): ModelBatch {
  const clips = sounds.length;
  const each = <T>(value: readonly T[]) => sounds.map(() => [...value]);
  const size = CONFIG.mfccFrames * CONFIG.cepstra;
  const mfcc = sounds.flatMap((sound) => [...(sound ?? new Float32Array(size))]);
  const pixels = [...noise(4 * 16 * 16 * 3, 'pixels')].map((value) => 128 + 60 * value);
  return {
    video: tf.tensor(each(pixels).flat(), [clips, 4, 16, 16, 3]),
    visible: tf.tensor2d(each([0, 4]), undefined, 'int32'),
    masked: tf.tensor2d(each([1, 2, 3, 5, 6, 7]), undefined, 'int32'),
    mfcc: tf.tensor3d(mfcc, [clips, CONFIG.mfccFrames, CONFIG.cepstra]),
    audioPresent: tf.tensor1d(sounds.map((sound) => (sound === null ? 0 : 1))),
  };
}

const training = (updates: Map<string, tf.Tensor>): ForwardMode => ({
  norm: { training: true, updates },
  nextSeed: () => '',
});

onEachBackend('clips without sound, in training', () => {
  const sound = noise(CONFIG.mfccFrames * CONFIG.cepstra, 'sound');
  const updates = new Map<string, tf.Tensor>();
  afterEach(() => {
    tf.dispose([...updates.values()]);
    updates.clear();
  });

  it('do not change what is predicted beside a sound', () => {
    const all = weightsFrom(weights());
    const predict = (sounds: readonly (Float32Array | null)[]) => {
      const out = pretrainForward(batchOf(sounds), all, CONFIG, training(updates));
      const first = tf.slice(out, [0, 0, 0], [1, -1, -1]).dataSync();
      const statistics = [...updates.values()].map((tensor) => [...tensor.dataSync()]);
      tf.dispose([...updates.values()]);
      return { first, statistics };
    };
    const alone = predict([sound]);
    const among = predict([sound, null, null]);
    const near = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number) => {
      const gap = Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));
      assert.ok(gap < tolerance * Math.max(...Array.from(b, Math.abs)), `${gap} apart`);
    };
    near(among.first, alone.first, 1e-5);
    among.statistics.forEach((values, i) => {
      near(values, alone.statistics[i]!, 1e-5);
    });
    // The comparison is of something that sound does change.
    const other = predict([sound.map((value) => -value)]);
    assert.ok(other.first.some((value, i) => Math.abs(value - alone.first[i]!) > 1e-3));
  });

  it('can be all of a batch: loss and gradients are finite, statistics stay', () => {
    const all = weights();
    const names = pretrainSpecs(CONFIG).filter((spec) => spec.trainable).map((spec) => spec.name); // prettier-ignore
    const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
      const merged = new Map([...all, ...names.map((name, i) => [name, tensors[i]!] as const)]);
      return pretrainLoss(batchOf([null, null]), weightsFrom(merged), CONFIG, training(updates));
    })(names.map((name) => all.get(name)!));
    assert.ok(Number.isFinite(value.dataSync()[0]));
    grads.forEach((gradient, i) => {
      const values = gradient.dataSync();
      assert.ok(values.every(Number.isFinite), names[i]);
      if (names[i]!.startsWith('audio_encoder.')) assert.ok(values.every((value) => value === 0), names[i]); // prettier-ignore
      if (names[i] === 'no_sound_token') assert.ok(values.some((value) => value !== 0));
    });
    for (const [name, tensor] of updates)
      assert.deepEqual(tensor.dataSync(), all.get(name)!.dataSync(), name);
  });
});
