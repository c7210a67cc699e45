import * as tf from '@tensorflow/tfjs-core';

/** Width of a tensor's last axis. */
export function lastAxis(x: tf.Tensor): number {
  return x.shape.at(-1) ?? 1;
}

/**
 * `x · weightᵀ + bias` over the last axis, as PyTorch's Linear.
 * @param x `[..., in]` @param weight `[out, in]` @param bias `[out]` @returns `[..., out]`
 */
export function linear(x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const rows = tf.reshape(x, [-1, lastAxis(x)]);
  const product = tf.matMul(rows, weight, false, true);
  const out = bias === undefined ? product : tf.add(product, bias);
  return tf.reshape(out, [...x.shape.slice(0, -1), weight.shape[0]]);
}

/** Sums everything but the last axis: the gradient of what is broadcast over rows. */
function sumRows(x: tf.Tensor): tf.Tensor {
  return tf.sum(tf.reshape(x, [-1, lastAxis(x)]), 0);
}

/**
 * Layer normalisation over the last axis; biased variance, as PyTorch's LayerNorm. The gradient is
 * written out, since taken op by op it makes three times as many passes over the tokens.
 * @param x `[..., width]` @param gamma `[width]` @param beta `[width]`
 */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, eps: number): tf.Tensor {
  return tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [x, gamma, beta] = args as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args.at(-1) as tf.GradSaveFunc;
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), eps));
    const unit = tf.mul(centred, inverse);
    save([unit, inverse, gamma]);
    return {
      value: tf.add(tf.mul(unit, gamma), beta),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [unit, inverse, gamma] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
        const dUnit = tf.mul(dy, gamma);
        const along = tf.mul(unit, tf.mean(tf.mul(dUnit, unit), -1, true));
        const dx = tf.mul(inverse, tf.sub(tf.sub(dUnit, tf.mean(dUnit, -1, true)), along));
        return [dx, sumRows(tf.mul(dy, unit)), sumRows(dy)];
      },
    };
  })(x, gamma, beta);
}

const SQRT_HALF = Math.SQRT1_2;
const INVERSE_SQRT_TAU = 1 / Math.sqrt(2 * Math.PI);

/** The exact GELU, x·Φ(x) with Φ from erf, as VideoMAE uses it. */
export function gelu(x: tf.Tensor): tf.Tensor {
  return tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [x, save] = args as [tf.Tensor, tf.GradSaveFunc];
    const cdf = tf.mul(tf.add(tf.erf(tf.mul(x, SQRT_HALF)), 1), 0.5);
    save([x, cdf]);
    return {
      value: tf.mul(x, cdf),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, cdf] = saved as [tf.Tensor, tf.Tensor];
        const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), INVERSE_SQRT_TAU);
        return tf.mul(dy, tf.add(cdf, tf.mul(x, density)));
      },
    };
  })(x);
}
