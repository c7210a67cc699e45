import * as tf from '@tensorflow/tfjs-core';

/**
 * What decides a dropout mask: a text anywhere; where the backend draws by itself, two numbers on the
 * device, int32 `[2]`, which a captured step is given anew each time.
 */
export type Seed = string | PartSeed | tf.Tensor;

/** Decides what is drawn for a whole batch, of which only the rows of some clips are taken. */
export interface PartSeed {
  readonly seed: string | tf.Tensor;
  /** The first clip, how many there are, and clips of the whole batch. */
  readonly from: number;
  readonly clips: number;
  readonly of: number;
}

/** Draws from [0, 1) on the device by a seed; not TensorFlow.js', and only some backends have it. */
export const UNIFORM_KERNEL = 'AvmeUniform';

/** Whether seeds can be numbers on the device. */
export function drawsOnDevice(): boolean {
  // The types promise a kernel; most backends have none.
  return (tf.getKernel(UNIFORM_KERNEL, tf.getBackend()) as tf.KernelConfig | undefined) !== undefined; // prettier-ignore
}

/** The rows are clips, or as many for each clip. */
function uniformPart([rows = 0, ...rest]: number[], { seed, from, clips, of }: PartSeed) {
  const perClip = rows / clips;
  const whole = uniform([of * perClip, ...rest], seed);
  return tf.slice(whole, [from * perClip, ...rest.map(() => 0)], [rows, ...rest]);
}

function uniform(shape: number[], seed: Seed): tf.Tensor {
  if (typeof seed === 'string') return tf.randomUniform(shape, 0, 1, 'float32', seed);
  if (seed instanceof tf.Tensor) return tf.engine().runKernel(UNIFORM_KERNEL, { seed }, { shape });
  return uniformPart(shape, seed);
}

/** Which values dropout leaves: bool, of `shape`. @param rate share of those that go */
export const keepsValue = (shape: number[], rate: number, seed: Seed): tf.Tensor =>
  tf.greaterEqual(uniform(shape, seed), rate);

/**
 * Zeroes values and scales up the rest, so that the mean stays.
 * @param rate share of the zeros @param shape of what is drawn, broadcast over `x`; default: that of `x`
 */
export function dropout(x: tf.Tensor, rate: number, seed: Seed, shape = x.shape): tf.Tensor {
  const kept = 1 - rate;
  return tf.mul(x, tf.div(tf.floor(tf.add(uniform(shape, seed), kept)), kept));
}
