import { modelConfig } from '../../model/model-config.js';
import { INFERENCE, type ModelBatch } from '../../model/forward.js';
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { adamwStep, isDecayed, type Moments } from '../../model/optim/adamw.js';
import { pretrainForward } from '../../model/av-maskenhancer.js';
import { type ModelConfig } from '../../model/config.js';
import { pretrainLoss } from '../../model/systems.js';
import { weightsFrom } from '../../model/weights/weights.js';
import { reconstructionTargets } from '../../model/losses/reconstruction.js';
import { patchify } from '../../model/layers/patch.js';
import { encodeVisible } from '../../model/videomae.js';
import { isSlow, onEveryBackend } from '../support/backends.js';
import {
  assertClose,
  goldenPixels,
  readGolden,
  relativeError,
  type Golden,
} from '../support/golden.js';

const TOLERANCE = 1e-4;

function configOf(golden: Golden): ModelConfig {
  const source = JSON.parse(golden.metadata['config']!) as Record<string, number>;
  return modelConfig.parse({
    variant: 'v',
    imageSize: source['img_size'],
    patch: source['patch_size'],
    width: source['encoder_embed_dim'],
    depth: source['encoder_depth'],
    heads: source['encoder_num_heads'],
    decoderWidth: source['decoder_embed_dim'],
    decoderDepth: source['decoder_depth'],
    decoderHeads: source['decoder_num_heads'],
  });
}

function tokensOf(golden: Golden): { visible: tf.Tensor; masked: tf.Tensor } {
  const { data, shape } = golden.array('input.mask');
  const [batch = 0, tokens = 0] = shape;
  const pick = (value: number) => {
    const rows = Array.from({ length: batch }, (_, b) =>
      Array.from({ length: tokens }, (_, i) => i).filter((i) => data[b * tokens + i] === value),
    );
    return tf.tensor2d(rows, [batch, rows[0]!.length], 'int32');
  };
  return { visible: pick(0), masked: pick(1) };
}

onEveryBackend('VideoMAE pre-training against the original', (backend) => {
  let golden: Golden;
  let config: ModelConfig;
  let batch: ModelBatch;
  before(async () => {
    golden = await readGolden('videomae-pretrain-tiny');
    config = configOf(golden);
  });
  beforeEach(() => {
    const none = tf.zeros([2]);
    batch = { video: goldenPixels(golden), ...tokensOf(golden), mfcc: none, audioPresent: none };
  });

  const gradients = (weights: Map<string, tf.Tensor>) => {
    const names = [...weights.keys()];
    return tf.valueAndGrads((...tensors: tf.Tensor[]) =>
      pretrainLoss(
        batch,
        weightsFrom(new Map(names.map((name, i) => [name, tensors[i]!]))),
        config,
        INFERENCE,
      ),
    )([...weights.values()]);
  };

  it('encoder output', async () => {
    const tubelets = patchify(batch.video, config);
    const weights = weightsFrom(golden.weights('model'));
    const encoded = encodeVisible(tubelets, batch.visible, weights, config);
    await assertClose(encoded, golden.array('expect.encoder'), TOLERANCE, 'encoder');
  });

  it('output', async () => {
    const output = pretrainForward(batch, weightsFrom(golden.weights('model')), config, INFERENCE);
    await assertClose(output, golden.array('expect.output'), TOLERANCE, 'output');
  });

  it('targets, normalised and raw', async () => {
    const normalised = reconstructionTargets(batch.video, config);
    await assertClose(
      normalised,
      golden.array('expect.target_normalised'),
      TOLERANCE,
      'normalised',
    );
    const raw = reconstructionTargets(batch.video, { ...config, target: 'raw' });
    await assertClose(raw, golden.array('expect.target_raw'), TOLERANCE, 'raw');
  });

  it('loss and every gradient', async () => {
    const weights = golden.weights('model');
    const { value, grads } = gradients(weights);
    assert.ok(relativeError(await value.data(), golden.array('expect.loss').data) < TOLERANCE);
    const names = [...weights.keys()];
    assert.deepEqual(names.toSorted(), golden.names('expect.grad').toSorted());
    for (const [i, name] of names.entries())
      await assertClose(
        grads[i]!,
        golden.array(`expect.grad.${name}`),
        TOLERANCE,
        `gradient of ${name}`,
      );
  });

  it('five steps of AdamW', async function () {
    // Seconds a step; one step's gradients are tested above.
    if (isSlow(backend) || (backend === 'cpu' && process.env['AVME_LONG'] === undefined))
      this.skip();
    const options = JSON.parse(golden.metadata['optimizer']!) as {
      lr: number;
      betas: [number, number];
      weight_decay: number;
    };
    const settings = {
      beta1: options.betas[0],
      beta2: options.betas[1],
      weightDecay: options.weight_decay,
    };
    const weights = golden.weights('model');
    const moments = new Map<string, Moments>();
    for (let step = 1; step <= 5; step++) {
      const { value, grads } = gradients(weights);
      const expected = golden.array('expect.adamw_losses').data[step - 1]!;
      assert.ok(relativeError(await value.data(), [expected]) < TOLERANCE, `loss of step ${step}`);
      [...weights.keys()].forEach((name, i) => {
        const weight = weights.get(name)!;
        const old = moments.get(name) ?? {
          first: tf.zerosLike(weight),
          second: tf.zerosLike(weight),
        };
        const { weight: next, ...rest } = adamwStep(
          weight,
          grads[i]!,
          old,
          step,
          options.lr,
          isDecayed(name, weight.shape),
          settings,
        );
        weights.set(name, next);
        moments.set(name, rest);
      });
    }
    for (const name of golden.names('expect.after_5_steps'))
      await assertClose(
        weights.get(name)!,
        golden.array(`expect.after_5_steps.${name}`),
        TOLERANCE,
        name,
      );
  });
});
