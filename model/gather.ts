import * as tf from '@tensorflow/tfjs-core';

/**
 * Picks tokens by their indices, each at most once a clip. Flat rows make it one gather, and a
 * scatter as gradient: both are there on every backend, which the gradient of `tf.gather` is not.
 * @param x `[B, N, width]` @param indices int32 `[B, n]`, distinct within a clip @returns `[B, n, width]`
 */
export function gatherTokens(x: tf.Tensor, indices: tf.Tensor): tf.Tensor {
  const [batch = 0, tokens = 0, width = 0] = x.shape;
  const picked = indices.shape[1] ?? 0;
  const flat = tf.tidy(() => {
    const offsets = tf.reshape(tf.mul(tf.range(0, batch, 1, 'int32'), tf.scalar(tokens, 'int32')), [batch, 1]); // prettier-ignore
    return tf.reshape(tf.add(indices, offsets), [batch * picked]);
  });
  const gather = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const rows = tf.reshape(args[0] as tf.Tensor, [batch * tokens, width]);
    // What is not saved is gone by the time the gradient runs.
    (args.at(-1) as tf.GradSaveFunc)([flat]);
    return {
      value: tf.reshape(tf.gather(rows, flat as tf.Tensor1D), [batch, picked, width]),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [flat] = saved as [tf.Tensor];
        const grads = tf.reshape(dy, [batch * picked, width]);
        const scattered = tf.scatterND(tf.reshape(flat, [batch * picked, 1]), grads, [batch * tokens, width]); // prettier-ignore
        return tf.reshape(scattered, [batch, tokens, width]);
      },
    };
  });
  return gather(x);
}
