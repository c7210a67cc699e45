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

import { initialWeights } from '../../model/weights/init.js';
import { PRESETS, type ModelConfig } from '../../model/config.js';
import { weightsFrom } from '../../model/weights/weights.js';
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

  for (const variant of ['av', 'av-no-cross'] as const)
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

onEveryQuickBackend('classification with sound', () => {
  const small = (variant: ModelConfig['variant']) =>
    modelConfig.parse({
      variant, imageSize: 16, patch: 8, frames: 4, width: 12, depth: 2, heads: 2, decoderWidth: 8,
      decoderDepth: 1, decoderHeads: 1, mfccFrames: 16, audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1],
    }); // prettier-ignore
  const drawn = (config: ModelConfig, head: ClassifierConfig) => {
    const specs = classifierSpecs(config, head);
    const values = initialWeights(specs, (name) => randomFor(1, 0, name, 'init'));
    return new Map(specs.map(({ name, shape }) => [name, tf.tensor(name === 'head.weight' ? values.get(name)!.map((x) => x * 1e5) : values.get(name)!, [...shape])])); // prettier-ignore
  };
  const clips = (): LabelBatch => ({
    video: tf.randomUniform([3, 4, 16, 16, 3], 0, 255, 'float32', 5),
    mfcc: tf.randomNormal([3, 16, 13], 0, 1, 'float32', 6),
    audioPresent: tf.tensor1d([1, 1, 0]),
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
