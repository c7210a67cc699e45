import { modelConfig } from '../../model/model-config.js';
import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../cache/order/random.js';
import { crossAttention, headsFor } from '../../model/layers/cross-attention.js';
import { fuse, fusionSpecs, slotMembership } from '../../model/fusion.js';
import { type ModelConfig } from '../../model/config.js';
import { weightsFrom, under, type Weights } from '../../model/weights/weights.js';
import { linear } from '../../engine/ops/layers.js';
import { onEachBackend } from '../support/backends.js';
import { relativeError } from '../support/golden.js';

const [CLIPS, TOKENS, SLOTS, WIDTH] = [2, 96, 8, 24];
const config = modelConfig.parse({
  width: 24,
  depth: 1,
  heads: 2,
  decoderWidth: WIDTH,
  decoderHeads: 2,
});

const random = (name: string, shape: readonly number[]) => {
  const draw = randomFor(3, 0, name, 'fusion');
  const count = shape.reduce((size, n) => size * n, 1);
  return tf.tensor(
    Float32Array.from({ length: count }, () => draw() - 0.5),
    [...shape],
  );
};

/** Fusion by the letter of the specification: the sound repeated to one row a token. */
function naive(
  picture: tf.Tensor,
  repeated: tf.Tensor,
  weights: Weights,
  { variant }: ModelConfig,
) {
  const heads = (width: number) => ({ heads: headsFor(width, 8) });
  const layer = (name: string, src: tf.Tensor, tar: tf.Tensor) =>
    crossAttention(src, tar, under(weights, name), heads(src.shape[2] ?? 0));
  const both = ['av', 'av-cross'].includes(variant)
    ? tf.concat([layer('cross_a2v', repeated, picture), layer('cross_v2a', picture, repeated)], 2)
    : tf.concat([repeated, picture], 2);
  const mixed = ['av', 'av-self'].includes(variant) ? layer('self_av', both, both) : both;
  return linear(mixed, weights('fusion_to_decoder.weight'));
}

for (const variant of ['av', 'av-self', 'av-cross', 'av-no-cross'] as const)
  onEachBackend(`fusion ${variant} on one row a slot`, () => {
    it('equals fusion on one row a token, in value and in gradients', () => {
      const settings: ModelConfig = { ...config, variant };
      // The projection of the sound comes before.
      const specs = fusionSpecs(settings).filter(
        ({ name }) => !name.startsWith('audio_to_decoder'),
      );
      const names = specs.map((spec) => spec.name);
      const picture = random('picture', [CLIPS, TOKENS, WIDTH]);
      const sound = random('sound', [CLIPS, SLOTS, WIDTH]);
      // Another order of the slots in each clip, as masks make them; each slot equally often.
      const order = Array.from({ length: CLIPS }, (_, b) =>
        Array.from({ length: TOKENS }, (_, i) => (b === 0 ? i * 5 : Math.floor(i / 3)) % SLOTS),
      );
      const repeat = tf.tensor2d(order.flatMap((row) => row.map((slot) => Array.from({ length: SLOTS }, (_, s) => Number(s === slot))))); // prettier-ignore
      const member = tf.reshape(repeat, [CLIPS, TOKENS, SLOTS]);
      const asked = slotMembership(tf.tensor2d(order, undefined, 'int32'), SLOTS);
      assert.deepEqual([...asked.dataSync()], [...member.dataSync()]);

      const run = (
        fusion: (picture: tf.Tensor, sound: tf.Tensor, weights: Weights) => tf.Tensor,
      ) => {
        const inputs = [picture, sound, ...specs.map(({ name, shape }) => random(name, shape))];
        const apply = (...tensors: tf.Tensor[]) =>
          fusion(tensors[0]!, tensors[1]!, weightsFrom(new Map(names.map((name, i) => [name, tensors[i + 2]!])))); // prettier-ignore
        const out = apply(...inputs);
        return { out, grads: tf.grads(apply)(inputs, random('dy', out.shape)) };
      };
      const quick = run((p, s, weights) => fuse(p, s, asked, weights, settings, undefined));
      const slow = run((p, s, weights) => naive(p, tf.matMul(member, s), weights, settings));
      assert.deepEqual(quick.out.shape, [CLIPS, TOKENS, WIDTH]);
      assert.ok(relativeError(quick.out.dataSync(), slow.out.dataSync()) < 1e-5, 'value');
      const scale = Math.max(...slow.grads.map((grad) => tf.max(tf.abs(grad)).dataSync()[0]!));
      ['picture', 'sound', ...names].forEach((name, i) => {
        const gap = tf.max(tf.abs(tf.sub(quick.grads[i]!, slow.grads[i]!))).dataSync()[0]!;
        assert.ok(gap < 1e-5 * scale, `gradient of ${name} differs by ${gap} of ${scale}`);
      });
    });
  });
