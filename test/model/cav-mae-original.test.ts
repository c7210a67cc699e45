import { modelConfig } from '../../model/model-config.js';
import { INFERENCE, type ModelBatch } from '../../model/forward.js';
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { classifierConfig } from '../../model/classifier.js';
import { classify, pretrainLoss, pretrainSpecs } from '../../model/systems.js';

import { readWeights } from '../../model/weights/read-weights.js';
import { weightsFrom } from '../../model/weights/weights.js';
import { writeSafetensors } from '../../model/weights/safetensors.js';
import { cavMaeLossParts } from '../../model/cav-mae.js';
import { gridTable } from '../../model/layers/position.js';
import { onEveryQuickBackend } from '../support/backends.js';
import { assertClose, readGolden, relativeError, type Golden } from '../support/golden.js';
import { scratchFolder } from '../support/media.js';

const TOLERANCE = 1e-4;

/** As the golden vectors were made; two blocks a modality and one for both. */
const GOLDEN = modelConfig.parse({
  ...{ variant: 'cav-mae', imageSize: 32, patch: 16, mfccFrames: 32, melBands: 128 },
  ...{ width: 24, depth: 3, heads: 2, decoderWidth: 16, decoderDepth: 2, decoderHeads: 2 },
});

function indicesOf(golden: Golden, name: string, value: number): tf.Tensor {
  const { data, shape } = golden.array(name);
  const [batch = 0, tokens = 0] = shape;
  const rows = Array.from({ length: batch }, (_, b) =>
    Array.from({ length: tokens }, (_, i) => i).filter((i) => data[b * tokens + i] === value),
  );
  return tf.tensor2d(rows, [batch, rows[0]!.length], 'int32');
}

/** The golden pictures are normalised already and [B, 3, H, W]; the model takes pixels, channels last. */
function goldenFrames(golden: Golden): tf.Tensor {
  const images = tf.expandDims(tf.transpose(golden.tensor('input.images'), [0, 2, 3, 1]), 1);
  const deviation = tf.tensor1d([0.229, 0.224, 0.225]);
  return tf.mul(tf.add(tf.mul(images, deviation), tf.tensor1d([0.485, 0.456, 0.406])), 255);
}

onEveryQuickBackend('CAV-MAE against the original', () => {
  let golden: Golden;
  let batch: ModelBatch;
  before(async () => {
    golden = await readGolden('cav-mae-tiny');
  });
  beforeEach(() => {
    const mel = golden.tensor('input.mel');
    batch = {
      video: goldenFrames(golden),
      visible: indicesOf(golden, 'input.mask_v', 0),
      masked: indicesOf(golden, 'input.mask_v', 1),
      spectrum: {
        mel,
        visible: indicesOf(golden, 'input.mask_a', 0),
        masked: indicesOf(golden, 'input.mask_a', 1),
      },
      mfcc: tf.zeros([1]),
      audioPresent: tf.ones([3]),
    };
  });

  it('the parts of the loss', async () => {
    const parts = cavMaeLossParts(batch, weightsFrom(golden.weights('model')), GOLDEN);
    const expect = async (name: 'audio' | 'video' | 'contrast', value: number) => {
      assert.ok(relativeError(await parts[name].data(), [value]) < TOLERANCE, name);
    };
    await expect('audio', golden.array('loss.sound').data[0]!);
    await expect('video', golden.array('loss.picture').data[0]!);
    await expect('contrast', golden.array('loss.contrast_weighted').data[0]! / 0.01);
  });

  it('loss and every gradient', async () => {
    const weights = golden.weights('model');
    const names = pretrainSpecs(GOLDEN).map(({ name }) => name);
    // The original gives gradients to what it uses, and that is what there is here.
    assert.deepEqual(names.toSorted(), golden.names('grad').toSorted());
    const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) =>
      pretrainLoss(
        batch,
        weightsFrom(new Map(names.map((name, i) => [name, tensors[i]!]))),
        GOLDEN,
        INFERENCE,
      ),
    )(names.map((name) => weights.get(name)!));
    assert.ok(relativeError(await value.data(), golden.array('loss').data) < TOLERANCE);
    for (const [i, name] of names.entries())
      await assertClose(grads[i]!, golden.array(`grad.${name}`), TOLERANCE, `gradient of ${name}`);
  });

  for (const [fusion, mode] of [
    ['fused', 'multimodal'],
    ['picture', 'videoonly'],
  ] as const)
    it(`classification, ${fusion}`, async () => {
      const weights = golden.weights('model');
      for (const part of ['weight', 'bias']) {
        weights.set(`fc_norm.${part}`, golden.tensor(`mlp_head.0.${part}`));
        weights.set(`head.${part}`, golden.tensor(`mlp_head.1.${part}`));
      }
      const head = classifierConfig.parse({ classes: 5, fusion });
      const { video, mfcc, audioPresent } = batch;
      const clips = { video, mfcc, audioPresent, mel: batch.spectrum!.mel };
      const logits = classify(clips, weightsFrom(weights), GOLDEN, head, INFERENCE);
      await assertClose(logits, golden.array(`logits.${mode}`), TOLERANCE, 'logits');
    });
});

describe('a checkpoint of the original', () => {
  const { path } = scratchFolder();

  it('is read under its own names, what DataParallel puts in front left away', async () => {
    const golden = await readGolden('cav-mae-tiny');
    const named = golden
      .names('model')
      .map((name) => [name, golden.array(`model.${name}`)] as const);
    const file = path('original.safetensors');
    await mkdir(dirname(file), { recursive: true });
    const table = { shape: [1, 16, 24], data: golden.array('pos_embed_a').data };
    const unused = { shape: [24], data: new Float32Array(24) };
    await writeSafetensors(file, new Map([...named.map(([name, array]) => [`module.${name}`, array] as const), ['module.pos_embed_a', table], ['module.blocks_a.0.norm1_v.weight', unused]])); // prettier-ignore
    const { tensors } = await readWeights(file);
    for (const { name, shape } of pretrainSpecs(GOLDEN)) {
      assert.deepEqual(tensors.get(name)?.shape, shape, name);
      assert.deepEqual(tensors.get(name)?.data, golden.array(`model.${name}`).data, name);
    }
  });
});

describe('the positions of a grid', () => {
  it('are those of the original', async () => {
    const golden = await readGolden('cav-mae-tiny');
    assert.ok(relativeError(gridTable(8, 2, 24), golden.array('pos_embed_a').data) < 1e-6);
    assert.ok(relativeError(gridTable(2, 2, 24), golden.array('pos_embed_v').data) < 1e-6);
  });
});

describe('parameters of CAV-MAE', () => {
  it('base: 190,129,920 in the original, of which 167,936 are used by none of its passes', () => {
    const d = 768;
    const e = 512;
    // timm's block without its norms: qkv 3d²+3d, proj d²+d, MLP 4d²+4d and 4d²+d; a norm has 2d.
    const block = (width: number, norms: number) => 12 * width ** 2 + 9 * width + 2 * norms * width;
    const embedded = (16 * 16 * 1 * d + d) + (16 * 16 * 3 * d + d); // prettier-ignore
    const encoder = embedded + 2 * d + (11 + 11 + 1) * block(d, 6) + 3 * 2 * d;
    const decoder = (d * e + e) + 3 * e + 8 * block(e, 6) + 2 * e + (e * 256 + 256) + (e * 768 + 768); // prettier-ignore
    assert.equal(encoder + decoder, 190_129_920);
    // Each of 22 own and 8 decoder blocks has norm1 and norm2 for both modalities, and runs with neither.
    const unused = 22 * 4 * 2 * d + 8 * 4 * 2 * e;
    assert.equal(unused, 167_936);
    const sizes = { width: d, depth: 12, heads: 12, decoderWidth: e, decoderDepth: 8, decoderHeads: 16 }; // prettier-ignore
    const config = modelConfig.parse({ variant: 'cav-mae', melBands: 128, ...sizes });
    const ours = pretrainSpecs(config).reduce((sum, { shape }) => sum + shape.reduce((size, n) => size * n, 1), 0); // prettier-ignore
    assert.equal(ours, 190_129_920 - 167_936);
  });
});
