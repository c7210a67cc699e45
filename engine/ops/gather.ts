import * as tf from '@tensorflow/tfjs-core';

/** Rows of `[B · tokens, …]` that indices within each clip stand for. @param indices int32 `[B, n]` @returns int32 `[B · n]` */
function flatRows(indices: tf.Tensor, tokens: number): tf.Tensor {
  const [batch = 0, picked = 0] = indices.shape;
  return tf.tidy(() => {
    const offsets = tf.reshape(tf.mul(tf.range(0, batch, 1, 'int32'), tf.scalar(tokens, 'int32')), [batch, 1]); // prettier-ignore
    return tf.reshape(tf.add(indices, offsets), [batch * picked]);
  });
}

/** Puts rows to their places, zeros elsewhere. @param flat int32 `[n]` @param rows `[n, width]` @returns `[count, width]` */
function scatterRows(flat: tf.Tensor, rows: tf.Tensor, count: number): tf.Tensor {
  return tf.scatterND(tf.reshape(flat, [-1, 1]), rows, [count, rows.shape[1] ?? 0]);
}

/**
 * Puts tokens to their places: the inverse of {@link gatherTokens} for all of a clip's tokens. No gradient.
 * @param tokens `[B, N, width]` @param order place of each token, int32 `[B, N]` @returns `[B, N, width]`
 */
export function placeTokens(tokens: tf.Tensor, order: tf.Tensor): tf.Tensor {
  const [batch = 0, count = 0, width = 0] = tokens.shape;
  const rows = tf.reshape(tokens, [batch * count, width]);
  return tf.reshape(scatterRows(flatRows(order, count), rows, batch * count), tokens.shape);
}

/** 1 at the places of masked tokens, 0 at those of visible ones. @param visible int32 `[B, v]` @param masked int32 `[B, m]` @returns `[B, v + m, 1]` */
export function maskedFlags(visible: tf.Tensor, masked: tf.Tensor): tf.Tensor {
  const [batch = 0, seen = 0] = visible.shape;
  const unseen = masked.shape[1] ?? 0;
  const flags = tf.concat([tf.zeros([batch, seen, 1]), tf.ones([batch, unseen, 1])], 1);
  return placeTokens(flags, tf.concat([visible, masked], 1));
}

/**
 * Picks tokens by their indices, each at most once a clip. Flat rows make it one gather, and a
 * scatter as gradient: both are there on every backend, which the gradient of `tf.gather` is not.
 * @param x `[B, N, width]` @param indices int32 `[B, n]`, distinct within a clip @returns `[B, n, width]`
 */
export function gatherTokens(x: tf.Tensor, indices: tf.Tensor): tf.Tensor {
  const [batch = 0, tokens = 0, width = 0] = x.shape;
  const picked = indices.shape[1] ?? 0;
  const flat = flatRows(indices, tokens);
  const gather = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const rows = tf.reshape(args[0] as tf.Tensor, [batch * tokens, width]);
    // What is not saved is gone by the time the gradient runs.
    (args.at(-1) as tf.GradSaveFunc)([flat]);
    return {
      value: tf.reshape(tf.gather(rows, flat as tf.Tensor1D), [batch, picked, width]),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [flat] = saved as [tf.Tensor];
        const grads = tf.reshape(dy, [batch * picked, width]);
        const scattered = scatterRows(flat, grads, batch * tokens);
        return tf.reshape(scattered, [batch, tokens, width]);
      },
    };
  });
  return gather(x);
}
