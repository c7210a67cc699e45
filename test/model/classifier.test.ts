import { modelConfig } from '../../model/model-config.js';
import { type LabelBatch, INFERENCE, type ForwardMode } from '../../model/forward.js';
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../cache/order/random.js';
import {
  classifierConfig,
  pretrainedName,
  smoothLabels,
  softCrossEntropy,
  type ClassifierConfig,
} from '../../model/classifier.js';
import { classifierSpecs, classify, pretrainSpecs } from '../../model/systems.js';

import { audioTokens } from '../../model/audio-tokens.js';
import { crossAttention, headsFor } from '../../model/layers/cross-attention.js';
import { normalizePixels, patchify } from '../../model/layers/patch.js';
import { positionTable } from '../../model/layers/position.js';
import { encodeAll } from '../../model/videomae.js';
import { initialWeights } from '../../model/weights/init.js';
import { PRESETS, type ModelConfig } from '../../model/config.js';
import { under, weightsFrom } from '../../model/weights/weights.js';
import { onEveryQuickBackend } from '../support/backends.js';
import { assertClose, goldenPixels, readGolden, relativeError, type Golden } from '../support/golden.js'; // prettier-ignore

const TOLERANCE = 1e-4;

describe('parameters of the classifier', () => {
  it('ViT-B of 101 classes, picture only, has 86,304,869', () => {
    const head = classifierConfig.parse({ classes: 101, fusion: 'picture' });
    const specs = classifierSpecs(modelConfig.parse({ ...PRESETS.b, variant: 'v' }), head);
    const count = specs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    assert.equal(count, 86_304_869);
  });

  for (const variant of ['av', 'av-self', 'av-cross', 'av-no-cross'] as const)
    it(`all that ${variant} learned in pre-training has a place, but decoder and last norm`, () => {
      const config = modelConfig.parse({ ...PRESETS.ti, variant });
      const names = (fusion: ClassifierConfig['fusion']) =>
        new Map(
          classifierSpecs(config, classifierConfig.parse({ classes: 5, fusion })).map(
            ({ name, shape }) => [pretrainedName(name), shape],
          ),
        );
      const fused = names('fused');
      for (const { name, shape } of pretrainSpecs(config))
        if (!name.startsWith('decoder.') && name !== 'mask_token')
          assert.deepEqual(fused.get(name), shape, name);
      const added = [...fused.keys()].filter((name) => !pretrainSpecs(config).some((spec) => spec.name === name)); // prettier-ignore
      assert.deepEqual(added, ['fusion_norm', 'fc_norm', 'head'].flatMap((name) => [`${name}.weight`, `${name}.bias`])); // prettier-ignore
      assert.ok(names('late').has('no_sound_token') && !names('late').has('norm.weight'));
    });
});

onEveryQuickBackend('classification against the original', () => {
  let golden: Golden;
  let config: ModelConfig;
  let head: ClassifierConfig;
  let batch: LabelBatch;
  before(async () => {
    golden = await readGolden('videomae-classify-tiny');
    const source = JSON.parse(golden.metadata['config']!) as Record<string, number>;
    config = modelConfig.parse({
      variant: 'v',
      imageSize: source['img_size'],
      patch: source['patch_size'],
      width: source['embed_dim'],
      depth: source['depth'],
      heads: source['num_heads'],
      decoderWidth: 8,
      decoderHeads: 1,
    });
    head = classifierConfig.parse({ classes: source['num_classes'], fusion: 'picture' });
  });
  beforeEach(() => {
    batch = { video: goldenPixels(golden), mfcc: tf.zeros([2]), audioPresent: tf.zeros([2]) };
  });

  it('logits', async () => {
    const logits = classify(batch, weightsFrom(golden.weights('model')), config, head, INFERENCE);
    await assertClose(logits, golden.array('expect.logits'), TOLERANCE, 'logits');
  });

  it('loss with smoothed labels, and every gradient', async () => {
    const weights = golden.weights('model');
    const names = [...weights.keys()];
    const labels = smoothLabels([...golden.array('input.label').data], head.classes, 0.1);
    const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
      const given = weightsFrom(new Map(names.map((name, i) => [name, tensors[i]!])));
      return softCrossEntropy(classify(batch, given, config, head, INFERENCE), labels);
    })([...weights.values()]);
    const expected = golden.array('expect.loss_label_smoothing_0.1').data;
    assert.ok(relativeError(await value.data(), expected) < TOLERANCE);
    assert.deepEqual(names.toSorted(), golden.names('expect.grad').toSorted());
    assert.deepEqual(
      classifierSpecs(config, head).map(({ name }) => name).toSorted(),
      names.toSorted(),
    ); // prettier-ignore
    for (const [i, name] of names.entries())
      await assertClose(
        grads[i]!,
        golden.array(`expect.grad.${name}`),
        TOLERANCE,
        `gradient of ${name}`,
      );
  });
});

/** `[B][slots][positions][C]` less its mean over the slots, in plain numbers. */
function centredNumbers(grid: number[][][][]): number[][][][] {
  return grid.map((clip) =>
    clip.map((positions) =>
      positions.map(
        (token, p) =>
        token.map((value, c) => value - clip.reduce((sum, slot) => sum + slot[p]![c]!, 0) / clip.length), // prettier-ignore
      ),
    ),
  );
}

/** The logits by the letter: one row of sound a token, all three vectors normed and joined. */
async function centredByHand(
  batch: LabelBatch,
  tensors: ReadonlyMap<string, tf.Tensor>,
  config: ModelConfig,
) {
  const of = (name: string) => tensors.get(name)!;
  const { variant, decoderWidth: width } = config;
  const [slots, positions] = [config.frames / config.tubelet, (config.imageSize / config.patch) ** 2]; // prettier-ignore
  const norm = (x: tf.Tensor, name: string, eps = 1e-6) => {
    const { mean, variance } = tf.moments(x, -1, true);
    const unit = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, eps)));
    return tf.add(tf.mul(unit, of(`${name}.weight`)), of(`${name}.bias`));
  };
  const times = (x: tf.Tensor, name: string) => {
    const rows = tf.matMul(tf.reshape(x, [-1, x.shape.at(-1)!]), of(name), false, true);
    return tf.reshape(rows, [...x.shape.slice(0, -1), rows.shape[1]!]);
  };
  const centred = async (x: tf.Tensor, places: number) => {
    const grid = await tf.reshape(x, [-1, slots, places, width]).array() as number[][][][]; // prettier-ignore
    return tf.tensor4d(centredNumbers(grid));
  };
  const given = weightsFrom(new Map(tensors));
  const encoded = encodeAll(patchify(normalizePixels(batch.video), config), given, config, undefined); // prettier-ignore
  const audio = times(audioTokens(batch, given, config, INFERENCE.norm), 'audio_to_decoder.weight');
  const moving = tf.reshape(await centred(times(norm(encoded, 'norm'), 'encoder_to_decoder.weight'), positions), [-1, slots * positions, width]); // prettier-ignore
  const table = tf.tensor3d(positionTable(slots * positions, width), [1, slots * positions, width]);
  const picture = tf.add(moving, table);
  const sound = tf.reshape(tf.tile(await centred(audio, 1), [1, 1, positions, 1]), picture.shape);
  const layer = (name: string, src: tf.Tensor, tar: tf.Tensor) =>
    crossAttention(src, tar, under(given, name), { heads: headsFor(src.shape[2]!, 8) });
  const met = ['av', 'av-cross'].includes(variant)
    ? [layer('cross_a2v', sound, picture), layer('cross_v2a', picture, sound)]
    : [sound, picture];
  const both = tf.concat(met, 2);
  const mixed = ['av', 'av-self'].includes(variant) ? layer('self_av', both, both) : both;
  const fused = tf.mean(times(mixed, 'fusion_to_decoder.weight'), 1);
  const seen = [norm(tf.mean(encoded, 1), 'fc_norm'), norm(fused, 'fusion_norm'), norm(tf.mean(audio, 1), 'still_audio_norm')]; // prettier-ignore
  return tf.add(times(tf.concat(seen, 1), 'head.weight'), of('head.bias'));
}

onEveryQuickBackend('classification with sound', () => {
  const small = (variant: ModelConfig['variant']) =>
    modelConfig.parse({
      variant, imageSize: 16, patch: 8, frames: 4, width: 12, depth: 2, heads: 2, decoderWidth: 8,
      decoderDepth: 1, decoderHeads: 1, mfccFrames: 16, audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1],
    }); // prettier-ignore
  const drawn = (config: ModelConfig, head: ClassifierConfig): Map<string, tf.Tensor> => {
    const specs = classifierSpecs(config, head);
    const values = initialWeights(specs, (name) => randomFor(1, 0, name, 'init'));
    return new Map(specs.map(({ name, shape }) => [name, tf.tensor(name === 'head.weight' ? values.get(name)!.map((x) => x * 1e5) : values.get(name)!, [...shape])])); // prettier-ignore
  };
  const clips = (): LabelBatch => ({
    video: tf.randomUniform([3, 4, 16, 16, 3], 0, 255, 'float32', 5),
    mfcc: tf.randomNormal([3, 16, 13], 0, 1, 'float32', 6),
    audioPresent: tf.tensor1d([1, 1, 0]),
  });

  it('centred in time: attention sees what changes, the head what stands still beside it', async () => {
    for (const variant of ['av', 'av-self', 'av-cross', 'av-no-cross'] as const) {
      const config = small(variant);
      const head = classifierConfig.parse({ classes: 4, fusion: 'fused', centreInTime: true });
      const tensors = drawn(config, head);
      const given = weightsFrom(tensors);
      const batch = clips();
      const logits = classify(batch, given, config, head, INFERENCE);
      const expected = await centredByHand(batch, tensors, config);
      assert.ok(relativeError(await logits.data(), await expected.data()) < TOLERANCE, variant);
      const plain = { ...head, centreInTime: false };
      const others = classify(batch, weightsFrom(drawn(config, plain)), config, plain, INFERENCE);
      assert.ok(relativeError(await others.data(), await logits.data()) > 1e-3, variant);
    }
  });

  for (const fusion of ['fused', 'late', 'picture'] as const)
    it(`${fusion}: sound counts ${fusion === 'picture' ? 'nothing' : 'where there is some'}`, async () => {
      const config = small('av');
      const head = classifierConfig.parse({ classes: 4, fusion });
      const weights = weightsFrom(drawn(config, head));
      const batch = clips();
      const other = { ...batch, mfcc: tf.mul(batch.mfcc, -1) };
      const scores = (given: LabelBatch) => classify(given, weights, config, head, INFERENCE).array() as Promise<number[][]>; // prettier-ignore
      const [a, b] = [await scores(batch), await scores(other)];
      const differs = a.map((row, i) => row.some((value, j) => Math.abs(value - b[i]![j]!) > 1e-4));
      assert.deepEqual(differs, fusion === 'picture' ? [false, false, false] : [true, true, false]);
    });

  it('training is repeatable by its seeds, and drops branches and features', async () => {
    const config = small('av');
    const head = classifierConfig.parse({ classes: 4, fusion: 'fused', dropPath: 0.5 });
    const weights = weightsFrom(drawn(config, head));
    const batch = clips();
    const mode = (seed: string): ForwardMode => {
      let place = 0;
      return { norm: { training: true, updates: new Map() }, nextSeed: () => `${seed}/${place++}` };
    };
    const scores = (seed: string) => classify(batch, weights, config, head, mode(seed)).data();
    assert.deepEqual(await scores('a'), await scores('a'));
    assert.notDeepEqual(await scores('a'), await scores('b'));
  });
});
