import { modelConfig } from '../../model/model-config.js';
import { INFERENCE, type ModelBatch } from '../../model/forward.js';
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../cache/order/random.js';
import { classifierConfig } from '../../model/classifier.js';
import { classify, pretrainLoss, pretrainSpecs, reconstructTokens } from '../../model/systems.js';

import { initialWeights } from '../../model/weights/init.js';
import { type ModelConfig } from '../../model/config.js';
import { weightsFrom } from '../../model/weights/weights.js';
import { cavMaeLossParts } from '../../model/cav-mae.js';
import { modelOnEachBackend } from '../support/backends.js';
import { relativeError } from '../support/golden.js';

const CLIPS = 4;
const SMALL = modelConfig.parse({
  ...{ variant: 'cav-mae', imageSize: 16, patch: 4, frames: 4, mfccFrames: 16, melBands: 8 },
  ...{ width: 16, depth: 2, heads: 2, decoderWidth: 8, decoderDepth: 1, decoderHeads: 2 },
});

function weightsOf(config: ModelConfig): Map<string, tf.Tensor> {
  const specs = pretrainSpecs(config);
  const values = initialWeights(specs, (name) => randomFor(3, 0, name, 'weights'));
  return new Map(specs.map(({ name, shape }) => [name, tf.tensor(values.get(name)!, [...shape])]));
}

const noise = (purpose: string, count: number, scale = 1) => {
  const draw = randomFor(7, 0, 'batch', purpose);
  return Float32Array.from({ length: count }, () => draw() * scale);
};

/** Each clip sees other patches: a quarter of the picture's 16, and of the spectrum's 8. */
function smallBatch(present = [1, 1, 1, 1]): ModelBatch {
  const tokens = (count: number, seen: boolean) =>
    tf.tensor2d(
      Array.from({ length: CLIPS }, (_, b) =>
        Array.from({ length: count }, (_, i) => i).filter((i) => (i % 4 === b % 4) === seen),
      ),
      undefined,
      'int32',
    );
  const mel = noise('mel', CLIPS * 16 * 8).map((value, i) => (present[Math.floor(i / 128)] === 0 ? 0 : value)); // prettier-ignore
  return {
    video: tf.tensor(noise('pixels', CLIPS * 16 * 16 * 3, 255), [CLIPS, 1, 16, 16, 3]),
    visible: tokens(16, true),
    masked: tokens(16, false),
    spectrum: { mel: tf.tensor(mel, [CLIPS, 16, 8]), visible: tokens(8, true), masked: tokens(8, false) }, // prettier-ignore
    mfcc: tf.zeros([1]),
    audioPresent: tf.tensor1d(present),
  };
}

modelOnEachBackend('CAV-MAE', () => {
  for (const target of ['normalised', 'raw'] as const)
    it(`has the gradients of its loss, ${target} targets: finite differences along random directions`, () => {
      const config = { ...SMALL, target };
      const weights = weightsOf(config);
      const names = [...weights.keys()];
      const loss = (...tensors: tf.Tensor[]) =>
        pretrainLoss(smallBatch(), weightsFrom(new Map(names.map((name, i) => [name, tensors[i]!]))), config, INFERENCE); // prettier-ignore
      const { grads } = tf.valueAndGrads(loss)([...weights.values()]);
      for (const name of ['patch_embed_a.proj.weight', 'blocks_v.0.attn.qkv.weight', 'blocks_u.0.norm1_a.weight', 'decoder_embed.weight', 'mask_token', 'modality_v', 'decoder_pred_v.bias']) {
        const at = names.indexOf(name);
        const shape = weights.get(name)!.shape;
        const direction = tf.sub(tf.tensor(noise(name, tf.util.sizeFromShape(shape)), shape), 0.5);
        const along = tf.sum(tf.mul(grads[at]!, direction)).dataSync()[0]!;
        const step = 1e-2;
        const moved = (by: number) => loss(...names.map((other, i) => i === at ? tf.add(weights.get(other)!, tf.mul(direction, by)) : weights.get(other)!)).dataSync()[0]!;
        const difference = (moved(step) - moved(-step)) / (2 * step);
        assert.ok(Math.abs(difference - along) < 2e-2 * Math.abs(along) + 2e-4, `${name}: ${difference} and ${along}`);
      }
    }); // prettier-ignore

  it('does not see what is masked: neither pixels nor sound change the loss but as targets', () => {
    const [weights, batch] = [weightsFrom(weightsOf(SMALL)), smallBatch()];
    const made = (one: ModelBatch) => reconstructTokens(one, weights, { ...SMALL, target: 'raw' }).reconstruction; // prettier-ignore
    const before = made(batch).dataSync<'float32'>().slice();
    // Clip 0 sees the patches of the first column; the last pixel belongs to the last.
    const changed = tf.buffer(
      batch.video.shape,
      'float32',
      batch.video.dataSync<'float32'>().slice(),
    );
    changed.set(0, 0, 0, 15, 15, 0);
    assert.deepEqual(made({ ...batch, video: changed.toTensor() }).dataSync(), before);
    changed.set(0, 0, 0, 0, 0, 0);
    assert.notDeepEqual(made({ ...batch, video: changed.toTensor() }).dataSync(), before);
    const { spectrum } = batch;
    const mel = tf.buffer(
      spectrum!.mel.shape,
      'float32',
      spectrum!.mel.dataSync<'float32'>().slice(),
    );
    // Patches run along time first: the last time and band belong to the last patch.
    mel.set(9, 0, 15, 7);
    assert.deepEqual(made({ ...batch, spectrum: { ...spectrum!, mel: mel.toTensor() } }).dataSync(), before); // prettier-ignore
    mel.set(9, 0, 0, 0);
    assert.notDeepEqual(made({ ...batch, spectrum: { ...spectrum!, mel: mel.toTensor() } }).dataSync(), before); // prettier-ignore
  });

  it('leaves clips without sound out of what is said of sound', () => {
    const weights = weightsFrom(weightsOf(SMALL));
    const parts = (batch: ModelBatch) => {
      const { audio: sound, contrast } = cavMaeLossParts(batch, weights, SMALL);
      return [sound.dataSync()[0]!, Math.abs(contrast.dataSync()[0]!)];
    };
    const [sound = NaN, contrast = NaN] = parts(smallBatch([1, 0, 1, 0]));
    const batch = smallBatch();
    const rows = (x: tf.Tensor) => tf.gather(x, tf.tensor1d([0, 2], 'int32'));
    const two = {
      ...{ video: rows(batch.video), visible: rows(batch.visible), masked: rows(batch.masked) },
      spectrum: {
        mel: rows(batch.spectrum!.mel),
        visible: rows(batch.spectrum!.visible),
        masked: rows(batch.spectrum!.masked),
      },
      ...{ mfcc: batch.mfcc, audioPresent: tf.ones([2]) },
    };
    const [soundOfTwo = NaN, contrastOfTwo = NaN] = parts(two);
    assert.ok(Math.abs(sound - soundOfTwo) < 1e-5);
    assert.ok(Math.abs(contrast - contrastOfTwo) < 1e-4);
    assert.deepEqual(parts(smallBatch([0, 0, 0, 0])), [0, 0]);
  });

  it('gives a picture back in pixels: what it predicts perfectly has no error', () => {
    const { original, hidden, masked } = reconstructTokens(smallBatch(), weightsFrom(weightsOf(SMALL)), SMALL); // prettier-ignore
    const pixels = noise('pixels', CLIPS * 16 * 16 * 3, 255);
    // The first token of the first clip is the 4 × 4 pixels in the corner.
    const corner = Array.from({ length: 16 }, (_, i) => [0, 1, 2].map((c) => pixels[((i >> 2) * 16 + (i % 4)) * 3 + c]! / 255)).flat(); // prettier-ignore
    assert.ok(relativeError(original.dataSync().slice(0, 48), corner) < 1e-5);
    assert.equal(masked, 12);
    assert.deepEqual([...hidden.dataSync().slice(0, 5)], [0, 1, 1, 1, 0]);
  });

  it('averages what it says of several frames', () => {
    const config = SMALL;
    const head = classifierConfig.parse({ classes: 3, fusion: 'fused' });
    const weights = weightsOf(config);
    weights.set('fc_norm.weight', tf.ones([16])).set('fc_norm.bias', tf.zeros([16]));
    weights.set('head.weight', tf.tensor(noise('head', 48), [3, 16])).set('head.bias', tf.zeros([3])); // prettier-ignore
    const { mfcc, audioPresent, spectrum } = smallBatch();
    const frames = [0, 1].map((i) => tf.tensor(noise(`frame ${i}`, CLIPS * 16 * 16 * 3, 255), [CLIPS, 1, 16, 16, 3])); // prettier-ignore
    const say = (video: tf.Tensor) =>
      tf.softmax(classify({ video, mfcc, audioPresent, mel: spectrum!.mel }, weightsFrom(weights), config, head, INFERENCE)); // prettier-ignore
    const mean = tf.div(tf.add(say(frames[0]!), say(frames[1]!)), 2);
    assert.ok(relativeError(say(tf.concat(frames, 1)).dataSync(), mean.dataSync()) < 1e-5);
  });
});

describe('a configuration of CAV-MAE', () => {
  const problems = (changes: object) => {
    const result = modelConfig.safeParse({ ...SMALL, ...changes });
    return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`); // prettier-ignore
  };
  it('says what does not fit', () => {
    assert.deepEqual(problems({}), []);
    assert.match(problems({ melBands: undefined })[0]!, /melBands.*avme preprocess --mel 128/);
    assert.match(problems({ melBands: 10 })[0]!, /melBands must be a multiple of the patch \(4\)/);
    assert.match(problems({ mfccFrames: 18 })[0]!, /mfccFrames must be a multiple of the patch/);
    assert.match(problems({ depth: 1 })[0]!, /depth must be at least 2/);
    assert.match(problems({ width: 18, heads: 3 })[0]!, /width must be a multiple of 4/);
  });
});
