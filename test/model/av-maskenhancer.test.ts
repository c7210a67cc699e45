import { modelConfig } from '../../model/model-config.js';
import { INFERENCE, type ForwardMode, type ModelBatch } from '../../model/forward.js';
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../cache/order/random.js';
import { pretrainForward } from '../../model/av-maskenhancer.js';
import { initialWeights } from '../../model/weights/init.js';
import { PRESETS, type ModelConfig } from '../../model/config.js';
import { pretrainLoss, pretrainSpecs } from '../../model/systems.js';
import { weightsFrom } from '../../model/weights/weights.js';
import { modelOnEachBackend, onEachBackend } from '../support/backends.js';

const CLIPS = 3;
/** 8 slots of 16 positions; clip 2 has no sound. */
const SMALL = {
  imageSize: 32,
  patch: 8,
  width: 24,
  depth: 2,
  heads: 2,
  decoderWidth: 16,
  decoderDepth: 1,
  decoderHeads: 2,
  mfccFrames: 64,
  audioFilters: [16, 16, 16, 16],
  audioLayers: [1, 1, 1, 1],
};

const learned = (config: ModelConfig) => pretrainSpecs(config).filter((spec) => spec.trainable);

describe('parameters of the audio-visual model', () => {
  const count = (preset: 's' | 'b', variant: ModelConfig['variant']) =>
    learned(modelConfig.parse({ ...PRESETS[preset], variant }))
      .filter(({ name }) => name !== 'no_sound_token')
      .reduce((sum, { shape }) => sum + shape.reduce((size, n) => size * n, 1), 0);

  for (const [preset, variant, expected] of [
    ['s', 'v', 24_029_376],
    ['s', 'av-no-cross', 25_482_070],
    // A layer of width w has 12 w² + 13 w: two of 192, or one of 384.
    ['s', 'av-cross', 25_482_070 + 2 * 444_864],
    ['s', 'av-self', 25_482_070 + 1_774_464],
    ['s', 'av', 28_146_262],
    ['b', 'v', 94_210_944],
    ['b', 'av', 106_546_198],
  ] as const)
    it(`ViT-${preset.toUpperCase()} ${variant} has ${expected}, the "no sound" token apart`, () => {
      assert.equal(count(preset, variant), expected);
    });

  it('the "no sound" token is one token of audio width, and only where there is sound', () => {
    const token = (variant: ModelConfig['variant']) =>
      learned(modelConfig.parse({ ...PRESETS.s, variant })).find(
        ({ name }) => name === 'no_sound_token',
      );
    assert.deepEqual(token('av')?.shape, [1, 1, 128]);
    assert.deepEqual(token('av-no-cross')?.shape, [1, 1, 128]);
    assert.equal(token('v'), undefined);
  });
});

function weightsOf(config: ModelConfig): Map<string, tf.Tensor> {
  const specs = pretrainSpecs(config);
  const values = initialWeights(specs, (name) => randomFor(1, 0, name, 'weights'));
  return new Map(specs.map(({ name, shape }) => [name, tf.tensor(values.get(name)!, [...shape])]));
}

const noise = (purpose: string, count: number, scale: number) => {
  const draw = randomFor(7, 0, 'batch', purpose);
  return Float32Array.from({ length: count }, () => draw() * scale);
};

/** A batch whose clips have different tube masks: 4 visible of 16 positions. */
function batchOf(config: ModelConfig, pixels = noise('pixels', CLIPS * 16 * 32 * 32 * 3, 255)) {
  const tokens = (visible: boolean) =>
    Array.from({ length: CLIPS }, (_, b) =>
      Array.from({ length: 128 }, (_, i) => i).filter(
        (i) => ((i % 16) % 4 === (b + Math.floor((i % 16) / 4)) % 4) === visible,
      ),
    );
  const mfcc = noise('sound', CLIPS * config.mfccFrames * config.cepstra, 2);
  return {
    video: tf.tensor(pixels, [CLIPS, 16, 32, 32, 3]),
    visible: tf.tensor2d(tokens(true), undefined, 'int32'),
    masked: tf.tensor2d(tokens(false), undefined, 'int32'),
    mfcc: tf.tensor3d(mfcc, [CLIPS, config.mfccFrames, config.cepstra]),
    audioPresent: tf.tensor1d([1, 1, 0]),
  } satisfies ModelBatch;
}

/** Training mode; `updates` receives kept tensors. */
function trainingMode(updates: Map<string, tf.Tensor>): ForwardMode {
  let seed = 1;
  return { norm: { training: true, updates }, nextSeed: () => String(seed++) };
}

for (const variant of ['av', 'av-self', 'av-cross', 'av-no-cross', 'v'] as const)
  modelOnEachBackend(`the model ${variant}`, () => {
    const config = modelConfig.parse({ ...SMALL, variant });
    const predict = (batch: ModelBatch, weights: Map<string, tf.Tensor>) =>
      pretrainForward(batch, weightsFrom(weights), config, INFERENCE);
    /** Which clips' predictions differ, not a bit's difference allowed. */
    const differing = (a: tf.Tensor, b: tf.Tensor) => {
      const gaps = tf.max(tf.abs(tf.sub(a, b)), [1, 2]).dataSync();
      return [...gaps].flatMap((gap, clip) => (gap === 0 ? [] : [clip]));
    };

    it('sees nothing of masked pixels, and all visible tokens', () => {
      const weights = weightsOf(config);
      const batch = batchOf(config);
      const before = predict(batch, weights);
      const darken = (hidden: boolean) => {
        const pixels = batch.video.dataSync().map((value, i) => {
          const [x, y] = [Math.floor(i / 3) % 32, Math.floor(i / 96) % 32];
          const clip = Math.floor(i / (16 * 32 * 32 * 3));
          const [column, row] = [Math.floor(x / 8), Math.floor(y / 8)];
          return (column === (clip + row) % 4) === hidden ? value : 255 - value;
        });
        return predict(batchOf(config, Float32Array.from(pixels)), weights);
      };
      assert.deepEqual(differing(before, darken(true)), []);
      assert.deepEqual(differing(before, darken(false)), [0, 1, 2]);
    });

    it('hears the sound, but not where there is none', () => {
      const weights = weightsOf(config);
      const batch = batchOf(config);
      const other = { ...batch, mfcc: tf.neg(batch.mfcc) };
      const heard = variant === 'v' ? [] : [0, 1];
      assert.deepEqual(differing(predict(batch, weights), predict(other, weights)), heard);
      if (variant === 'v') return;
      const token = tf.add(weights.get('no_sound_token')!, 1);
      const taught = new Map(weights).set('no_sound_token', token);
      assert.deepEqual(differing(predict(batch, weights), predict(batch, taught)), [2]);
    });

    it('predicts all tokens on request, visible first', () => {
      const weights = weightsOf(config);
      const batch = batchOf(config);
      const all = pretrainForward(batch, weightsFrom(weights), config, INFERENCE, true);
      assert.deepEqual(all.shape, [CLIPS, 128, 2 * 8 * 8 * 3]);
      const last = tf.slice(all, [0, 32, 0], [CLIPS, 96, 384]);
      const gap = tf.max(tf.abs(tf.sub(last, predict(batch, weights)))).dataSync()[0]!;
      assert.ok(gap < 1e-5, `masked tokens differ by ${gap}`);
    });

    it('gradients reach every learned weight, running statistics the rest, and nothing is left behind', () => {
      const weights = weightsOf(config);
      const batch = batchOf(config);
      const names = learned(config).map((spec) => spec.name);
      const updates = new Map<string, tf.Tensor>();
      const held = tf.memory().numTensors;
      const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
        const all = new Map(weights);
        names.forEach((name, i) => all.set(name, tensors[i]!));
        return pretrainLoss(batch, weightsFrom(all), config, trainingMode(updates));
      })(names.map((name) => weights.get(name)!));
      names.forEach((name, i) => {
        const largest = tf.tidy(() => tf.max(tf.abs(grads[i]!)).dataSync()[0]!);
        assert.ok(largest > 0 && Number.isFinite(largest), `gradient of ${name}: ${largest}`);
      });
      const statistics = pretrainSpecs(config).filter((spec) => !spec.trainable);
      assert.deepEqual([...updates.keys()].sort(), statistics.map((spec) => spec.name).sort());
      tf.dispose([value, ...grads, ...updates.values()]);
      assert.equal(tf.memory().numTensors, held);
    });
  });

modelOnEachBackend('dropout of the model', () => {
  const config = modelConfig.parse(SMALL);
  const predict = (settings: ModelConfig, firstSeed: number | undefined) => {
    const updates = new Map<string, tf.Tensor>();
    let seed = firstSeed ?? 0;
    const mode: ForwardMode =
      firstSeed === undefined
        ? INFERENCE
        : { norm: { training: true, updates }, nextSeed: () => String(seed++) };
    const out = pretrainForward(
      batchOf(settings),
      weightsFrom(weightsOf(settings)),
      settings,
      mode,
    );
    tf.dispose([...updates.values()]);
    return out.dataSync();
  };

  it('is a function of its seeds in training, and absent in inference', () => {
    assert.deepEqual(predict(config, 1), predict(config, 1));
    assert.notDeepEqual(predict(config, 1), predict(config, 100));
    assert.deepEqual(predict(config, undefined), predict({ ...config, dropout: 0.9 }, undefined));
  });

  it('at rate 0 asks nothing of the seeds', () => {
    assert.deepEqual(
      predict({ ...config, dropout: 0 }, 1),
      predict({ ...config, dropout: 0 }, 100),
    );
  });
});

onEachBackend('the loss', () => {
  for (const lossOver of ['masked', 'all'] as const)
    for (const target of ['normalised', 'raw'] as const)
      it(`over ${lossOver} tokens, ${target}, is the mean square of what is predicted and what is there`, () => {
        const config = modelConfig.parse({ ...SMALL, lossOver, target });
        const batch = batchOf(config);
        const weights = weightsFrom(weightsOf(config));
        const prediction = pretrainForward(batch, weights, config, INFERENCE).dataSync();
        const pixels = batch.video.dataSync();
        const [visible, masked] = [batch.visible.arraySync(), batch.masked.arraySync()];
        let squares = 0;
        let at = 0;
        for (let clip = 0; clip < CLIPS; clip++)
          for (const token of [...(lossOver === 'all' ? visible[clip]! : []), ...masked[clip]!]) {
            const [slot, row, column] = [Math.floor(token / 16), Math.floor(token / 4) % 4, token % 4]; // prettier-ignore
            // Values of a tubelet lie in the order frame, y, x, channel.
            const there = Array.from({ length: 384 }, (_, i) => {
              const frame = 2 * slot + Math.floor(i / 192);
              const [y, x] = [8 * row + (Math.floor(i / 24) % 8), 8 * column + (Math.floor(i / 3) % 8)]; // prettier-ignore
              return pixels[(((clip * 16 + frame) * 32 + y) * 32 + x) * 3 + (i % 3)]! / 255;
            });
            const moments = [0, 1, 2].map((channel) => {
              const values = there.filter((_, i) => i % 3 === channel);
              const mean = values.reduce((sum, v) => sum + v, 0) / 128;
              const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 127;
              return { mean, deviation: Math.sqrt(variance) + 1e-6 };
            });
            there.forEach((value, i) => {
              const { mean, deviation } = moments[i % 3]!;
              const wanted = target === 'raw' ? value : (value - mean) / deviation;
              squares += (prediction[at++]! - wanted) ** 2;
            });
          }
        assert.equal(at, prediction.length);
        const loss = pretrainLoss(batch, weights, config, INFERENCE).dataSync()[0]!;
        // wasm adds the squares one after the other in float32.
        assert.ok(Math.abs(loss / (squares / at) - 1) < 1e-4, `${loss}, expected ${squares / at}`);
      });
});
