import * as tf from '@tensorflow/tfjs-core';

export interface ConvOptions {
  /** Strides along height (cepstra) and width (time). Default [1, 1]. */
  readonly stride?: readonly [number, number];
  /** Dilation along width (time). Default 1. */
  readonly dilation?: number;
}

type Image = tf.Tensor4D;
interface Geometry {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: number;
  readonly pad: readonly [number, number];
}

const explicit = ([top, bottom]: readonly number[], [left, right]: readonly number[]) =>
  [[0, 0], [top, bottom], [left, right], [0, 0]] as tf.backend_util.ExplicitPadding; // prettier-ignore

function forward(x: Image, kernel: tf.Tensor4D, { stride, dilation, pad }: Geometry): Image {
  const padding = explicit([pad[0], pad[0]], [pad[1], pad[1]]);
  return tf.conv2d(x, kernel, [...stride], padding, 'NHWC', [1, dilation]);
}

/**
 * Gradient of the filter: itself a convolution, of the input with dy as the kernel, in which batch
 * and channels change places and stride and dilation too. @returns `[kh, kw, in, out]`
 */
function filterGradient(x: Image, dy: Image, geometry: Geometry): tf.Tensor {
  const { kernel, stride, dilation, pad } = geometry;
  const input = tf.transpose<tf.Tensor4D>(x, [3, 1, 2, 0]);
  const weight = tf.transpose<tf.Tensor4D>(dy, [1, 2, 0, 3]);
  const padding = explicit([pad[0], pad[0]], [pad[1], pad[1]]);
  const out = tf.conv2d(input, weight, [1, dilation], padding, 'NHWC', [...stride]);
  // Input that no output's window reached to the end adds places beyond the kernel's.
  const places = tf.slice(out, 0, [input.shape[0], ...kernel, weight.shape[3]]);
  return tf.transpose(places, [1, 2, 0, 3]);
}

/** dy with `stride − 1` zeros between its values. */
function spreadOut(dy: Image, [down, across]: readonly [number, number]): Image {
  if (down === 1 && across === 1) return dy;
  const [batch, height, width, channels] = dy.shape;
  const columns = tf.pad(tf.reshape(dy, [batch * height, width, 1, channels]), [[0, 0], [0, 0], [0, across - 1], [0, 0]]); // prettier-ignore
  const rows = tf.pad(tf.reshape(columns, [batch, height, 1, width * across * channels]), [[0, 0], [0, 0], [0, down - 1], [0, 0]]); // prettier-ignore
  const full = tf.reshape<tf.Rank.R4>(rows, [batch, height * down, width * across, channels]);
  return tf.slice(full, [0, 0, 0, 0], [batch, (height - 1) * down + 1, (width - 1) * across + 1, channels]); // prettier-ignore
}

/** Gradient of the input: a convolution of the spread-out dy with the turned kernel. */
function inputGradient(x: Image, dy: Image, kernel: tf.Tensor4D, geometry: Geometry): Image {
  const spread = spreadOut(dy, geometry.stride);
  const [kh, kw, from, to] = kernel.shape;
  // Turned by half a turn: its places in reverse. A gather of rows is faster than reversing two axes.
  const places = tf.gather(tf.reshape(kernel, [kh * kw, from * to]), tf.range(kh * kw - 1, -1, -1, 'int32')); // prettier-ignore
  const turned = tf.transpose<tf.Tensor4D>(tf.reshape(places, kernel.shape), [0, 1, 3, 2]);
  const padOf = (axis: 0 | 1, dilation: number) => {
    const reach = dilation * (geometry.kernel[axis] - 1);
    const before = reach - geometry.pad[axis];
    const [long, short] =
      axis === 0 ? [x.shape[1], spread.shape[1]] : [x.shape[2], spread.shape[2]];
    return [before, long - short - before + reach];
  };
  return tf.conv2d(spread, turned, 1, explicit(padOf(0, 1), padOf(1, geometry.dilation)), 'NHWC', [1, geometry.dilation]); // prettier-ignore
}

/**
 * Convolution with PyTorch's weights and symmetric padding `dilation · (k − 1) / 2`, no bias, with
 * gradients on every backend: TensorFlow.js has none for dilated convolutions, and wasm and WebGPU
 * none for filters.
 * @throws RangeError for a kernel with an even side, which has no symmetric padding
 * @param x `[B, height, width, in]` @param weight `[out, in, kh, kw]`
 * @returns `[B, ⌈height/stride⌉, ⌈width/stride⌉, out]`
 */
export function conv2d(
  x: Image,
  weight: tf.Tensor,
  { stride = [1, 1], dilation: asked = 1 }: ConvOptions = {},
): Image {
  const [kh = 1, kw = 1] = weight.shape.slice(2);
  if (kh % 2 === 0 || kw % 2 === 0)
    throw new RangeError(`conv2d: the kernel is ${kh}×${kw}; both sides must be odd`);
  // A single column has no gaps. And oneDNN computes nonsense where a step, as a gap becomes in the
  // filter's gradient, leads out of the picture at once: one place is then taken of those that are next to each other.
  const dilation = kw === 1 ? 1 : asked;
  const [, height, width] = x.shape;
  if (stride[0] > 1 && height <= stride[0])
    return everyNth(conv2d(x, weight, { stride: [1, stride[1]], dilation }), 1, height);
  if (stride[1] > 1 && width <= stride[1])
    return everyNth(conv2d(x, weight, { stride: [stride[0], 1], dilation }), 2, width);
  if (dilation > 1 && (stride[0] > 1 || stride[1] > 1)) {
    // No backend takes both at once. Where the stride divides the dilation, all taps of all outputs
    // lie on every stride-th input; what is left of the stride then thins the outputs.
    const before = dilation % stride[1] === 0 ? stride[1] : 1;
    const thin = everyNth(x, 2, before);
    const after = [stride[0], stride[1] / before] as const;
    if (dilation === before) return conv2d(thin, weight, { stride: after });
    const full = conv2d(thin, weight, { dilation: dilation / before });
    return everyNth(everyNth(full, 1, after[0]), 2, after[1]);
  }
  const kernel = tf.transpose<tf.Tensor4D>(weight as tf.Tensor4D, [2, 3, 1, 0]);
  const geometry: Geometry = {
    kernel: [kh, kw],
    stride,
    dilation,
    pad: [(kh - 1) / 2, (dilation * (kw - 1)) / 2],
  };
  const convolve = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [x, kernel, save] = args as [Image, tf.Tensor4D, tf.GradSaveFunc];
    save([x, kernel]);
    return {
      value: forward(x, kernel, geometry),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, kernel] = saved as [Image, tf.Tensor4D];
        const grad = dy as Image;
        return [inputGradient(x, grad, kernel, geometry), filterGradient(x, grad, geometry)];
      },
    };
  });
  return convolve(x, kernel);
}

/** Every `n`-th row or column, from the first; `stridedSlice` has no gradient. */
function everyNth(x: Image, axis: 1 | 2, n: number): Image {
  if (n === 1) return x;
  const [batch, height, width, channels] = x.shape;
  const [outer, length, inner] =
    axis === 1 ? [batch, height, width * channels] : [batch * height, width, channels];
  const groups = Math.ceil(length / n);
  const rows = tf.reshape<tf.Rank.R3>(x, [outer, length, inner]);
  const filled = tf.pad3d(rows, [[0, 0], [0, groups * n - length], [0, 0]]); // prettier-ignore
  const first = tf.slice(tf.reshape(filled, [outer, groups, n * inner]), 0, [outer, groups, inner]);
  return tf.reshape(first, axis === 1 ? [batch, groups, width, channels] : [batch, height, groups, channels]); // prettier-ignore
}
