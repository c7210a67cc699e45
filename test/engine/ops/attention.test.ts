import * as tf from '@tensorflow/tfjs-core';
import { attention } from '../../../engine/ops/attention.js';
import { keepsValue } from '../../../engine/ops/dropout.js';
import { onEveryBackend } from '../../support/backends.js';
import { assertClose } from '../../support/golden.js';

const [GROUPS, QUERIES, KEYS, HEAD] = [3, 5, 7, 4];

onEveryBackend('attention', () => {
  const given = (): [tf.Tensor, tf.Tensor, tf.Tensor] => [
    tf.randomNormal([GROUPS, QUERIES, HEAD], 0, 2, 'float32', 1),
    tf.randomNormal([GROUPS, KEYS, HEAD], 0, 2, 'float32', 2),
    tf.randomNormal([GROUPS, KEYS, HEAD], 0, 2, 'float32', 3),
  ];
  /** Operation by operation, with the gradients that TensorFlow.js derives. */
  const plain = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, keeps?: tf.Tensor) => {
    const shares = tf.softmax(tf.matMul(tf.div(q, Math.sqrt(HEAD)), k, false, true));
    const kept = keeps === undefined ? shares : tf.div(tf.mul(shares, keeps), 0.7);
    return tf.matMul(kept, v);
  };
  const weighed = (of: typeof plain) => (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
    tf.sum(tf.mul(of(q, k, v), tf.reshape(tf.cos(tf.range(0, GROUPS * QUERIES * HEAD)), [GROUPS, QUERIES, HEAD]))); // prettier-ignore

  for (const rate of [0, 0.3])
    it(`is softmax(q·kᵀ/√d)·v, and so are its gradients, with ${rate} of the shares dropped`, async () => {
      const inputs = given();
      const seed = 'attention';
      const keeps = rate > 0 ? tf.cast(keepsValue([GROUPS, QUERIES, KEYS], rate, seed), 'float32') : undefined; // prettier-ignore
      const [ours, theirs] = [
        (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => attention(q, k, v, { dropout: { rate, seed } }), // prettier-ignore
        (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => plain(q, k, v, keeps),
      ];
      const close = async (actual: tf.Tensor, wanted: tf.Tensor, what: string) => {
        await assertClose(actual, { shape: wanted.shape, data: (await wanted.data()) as Float32Array }, 1e-5, what); // prettier-ignore
      };
      await close(ours(...inputs), theirs(...inputs), 'output');
      const [found, expected] = [ours, theirs].map((of) => tf.grads(weighed(of))(inputs)); // prettier-ignore
      for (const [i, name] of ['q', 'k', 'v'].entries())
        await close(found?.[i] as tf.Tensor, expected?.[i] as tf.Tensor, `gradient of ${name}`);
    });
});
