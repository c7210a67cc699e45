import * as tf from '@tensorflow/tfjs-core';

/** Rows of length 1. */
function unit(x: tf.Tensor): tf.Tensor {
  return tf.mul(x, tf.rsqrt(tf.maximum(tf.sum(tf.square(x), -1, true), 1e-24)));
}

/**
 * InfoNCE as CAV-MAE takes it: for each clip's picture, which of the batch's sounds is its own?
 * −mean log softmax over the sounds of cosine / τ, at the clip's own sound.
 * @param audios `[B, width]` @param videos `[B, width]`
 * @param present 1 for clips that take part, `[B]`; a clip without sound is nobody's wrong answer
 * @param temperature τ
 */
export function infoNce(
  audios: tf.Tensor,
  videos: tf.Tensor,
  present: tf.Tensor,
  temperature: number,
): tf.Scalar {
  const [clips = 0] = audios.shape;
  const cosines = tf.matMul(unit(videos), unit(audios), false, true);
  // Far below every cosine / τ, and far from where float32 ends.
  const absent = tf.mul(tf.sub(tf.reshape(present, [1, clips]), 1), 1e4);
  const logs = tf.logSoftmax(tf.add(tf.div(cosines, temperature), absent));
  // A clip by itself has its own sound alone to choose from; `oneHot` knows no such case.
  const atOwn = clips > 1 ? tf.mul(logs, tf.oneHot(tf.range(0, clips, 1, 'int32'), clips)) : logs;
  const own = tf.sum(atOwn, -1);
  return tf.neg(tf.div(tf.sum(tf.mul(own, present)), tf.maximum(tf.sum(present), 1)));
}
