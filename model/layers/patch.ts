import * as tf from '@tensorflow/tfjs-core';

/** How a video is cut into tubelets. */
export interface PatchLayout {
  /** Frames a tubelet spans. */
  readonly tubelet: number;
  /** Side of a patch in pixels. */
  readonly patch: number;
}

/** ImageNet's mean and standard deviation of pixels in [0, 1], RGB. */
export const IMAGENET_MEAN = [0.485, 0.456, 0.406];
export const IMAGENET_STD = [0.229, 0.224, 0.225];

/**
 * Cuts a video into flattened tubelets, tokens in the order (slot, row, column), values in the
 * order (frame, y, x, channel) as VideoMAE's targets have them.
 * @param video `[B, T, H, W, 3]` @returns `[B, T/tubelet · H/patch · W/patch, tubelet · patch² · 3]`
 */
export function patchify(video: tf.Tensor, { tubelet, patch }: PatchLayout): tf.Tensor {
  const [batch = 0, frames = 0, height = 0, width = 0, channels = 0] = video.shape;
  const slots = frames / tubelet;
  const rows = height / patch;
  const columns = width / patch;
  // Two transpositions of four axes: backends are slow at more.
  const lines = [batch * slots * tubelet * rows, patch, columns, patch * channels];
  const patches = tf.transpose(tf.reshape(video, lines), [0, 2, 1, 3]);
  const planes = [batch * slots, tubelet, rows * columns, patch * patch * channels];
  const grouped = tf.transpose(tf.reshape(patches, planes), [0, 2, 1, 3]);
  return tf.reshape(grouped, [batch, slots * rows * columns, tubelet * patch * patch * channels]);
}

/**
 * The inverse of {@link patchify}.
 * @param tokens `[B, N, tubelet · patch² · 3]` @returns `[B, frames, size, size, 3]`
 */
export function unpatchify(
  tokens: tf.Tensor,
  { tubelet, patch }: PatchLayout,
  frames: number,
  size: number,
): tf.Tensor {
  const batch = tokens.shape[0];
  const side = size / patch;
  const slots = frames / tubelet;
  const tubes = tf.reshape(tokens, [batch * slots, side * side, tubelet, patch * patch * 3]);
  const planes = tf.transpose(tubes, [0, 2, 1, 3]);
  const patches = tf.reshape(planes, [batch * frames * side, side, patch, patch * 3]);
  return tf.reshape(tf.transpose(patches, [0, 2, 1, 3]), [batch, frames, size, size, 3]);
}

/** Pixels 0..255 to ImageNet's mean 0 and deviation 1. @param video `[..., 3]` */
export function normalizePixels(video: tf.Tensor): tf.Tensor {
  const unit = tf.div(tf.cast(video, 'float32'), 255);
  return tf.div(tf.sub(unit, tf.tensor1d(IMAGENET_MEAN)), tf.tensor1d(IMAGENET_STD));
}

/** Undoes {@link normalizePixels}, but for the 255. @returns pixels in [0, 1], `[..., 3]` */
export function denormalizePixels(pixels: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(pixels, tf.tensor1d(IMAGENET_STD)), tf.tensor1d(IMAGENET_MEAN));
}

/** Mean and standard deviation of each tubelet and channel. */
export interface TubeletMoments {
  /** `[B, N, 1, 3]` */
  readonly mean: tf.Tensor;
  /** `[B, N, 1, 3]`, unbiased, plus 1e-6. */
  readonly deviation: tf.Tensor;
}

const byChannel = (tubelets: tf.Tensor) => {
  const [batch = 0, tokens = 0, values = 0] = tubelets.shape;
  return tf.reshape(tubelets, [batch, tokens, values / 3, 3]);
};

/** @param tubelets `[B, N, values]` */
export function tubeletMoments(tubelets: tf.Tensor): TubeletMoments {
  const grouped = byChannel(tubelets);
  const count = grouped.shape[2] ?? 1;
  const mean = tf.mean(grouped, 2, true);
  const squares = tf.sum(tf.square(tf.sub(grouped, mean)), 2, true);
  return { mean, deviation: tf.add(tf.sqrt(tf.div(squares, count - 1)), 1e-6) };
}

/**
 * Targets normalised per tubelet and channel (VideoMAE, `normalize_target`).
 * @param tubelets `[B, N, values]` of pixels in [0, 1]
 */
export function normalizeTubelets(tubelets: tf.Tensor): tf.Tensor {
  const { mean, deviation } = tubeletMoments(tubelets);
  const normalised = tf.div(tf.sub(byChannel(tubelets), mean), deviation);
  return tf.reshape(normalised, tubelets.shape);
}

/** Undoes {@link normalizeTubelets}, given the moments of what was normalised. */
export function denormalizeTubelets(tubelets: tf.Tensor, moments: TubeletMoments): tf.Tensor {
  const pixels = tf.add(tf.mul(byChannel(tubelets), moments.deviation), moments.mean);
  return tf.reshape(pixels, tubelets.shape);
}
