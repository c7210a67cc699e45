import * as tf from '@tensorflow/tfjs-core';
import { batchNorm, batchNormSpecs, type NormMode } from './batch-norm.js';
import { conv2d } from '../../engine/ops/conv.js';
import { linearNamed, linearSpecs } from './transformer.js';
import { specsUnder, under, type Weights, type WeightSpec } from '../weights/weights.js';

/** TalkNet's ResNet34-SE over MFCCs, all its sizes. */
export interface AudioEncoderOptions {
  /** Filters of the four stages; default of the model [16, 32, 64, 128]. */
  readonly filters: readonly number[];
  /** Blocks of the four stages; [3, 4, 6, 3]. */
  readonly layers: readonly number[];
  /** Time dilation of the four stages; 1 is TalkNet's own. */
  readonly dilation: readonly number[];
}

/** How much of its width a squeeze-and-excitation keeps: 1/8. */
const REDUCTION = 8;

interface BlockPlan {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly stride: readonly [number, number];
  readonly dilation: number;
}

/** Stages 2 and 3 halve cepstra and time; so do their shortcuts. */
function planBlocks({ filters, layers, dilation }: AudioEncoderOptions): BlockPlan[] {
  return layers.flatMap((count, stage) =>
    Array.from({ length: count }, (_, i) => ({
      name: `layer${stage + 1}.${i}`,
      from: (i === 0 ? filters[Math.max(0, stage - 1)] : filters[stage]) ?? 0,
      to: filters[stage] ?? 0,
      stride: i === 0 && (stage === 1 || stage === 2) ? ([2, 2] as const) : ([1, 1] as const),
      dilation: dilation[stage] ?? 1,
    })),
  );
}

const needsShortcut = ({ from, to, stride }: BlockPlan) => from !== to || stride[0] > 1;

const convSpec = (name: string, out: number, from: number, kernel: number): WeightSpec => ({
  name: `${name}.weight`,
  shape: [out, from, kernel, kernel],
  init: 'kaiming-fan-out',
  trainable: true,
});

function blockSpecs(plan: BlockPlan): WeightSpec[] {
  const { from, to } = plan;
  const squeezed = Math.floor(to / REDUCTION);
  return [
    convSpec('conv1', to, from, 3),
    ...batchNormSpecs('bn1', to),
    convSpec('conv2', to, to, 3),
    ...batchNormSpecs('bn2', to),
    ...linearSpecs('se.fc.0', to, squeezed),
    ...linearSpecs('se.fc.2', squeezed, to),
    ...(needsShortcut(plan)
      ? [convSpec('downsample.0', to, from, 1), ...batchNormSpecs('downsample.1', to)]
      : []),
  ];
}

/** Weights under TalkNet's names. PyTorch's `num_batches_tracked` counters compute nothing and are left out. */
export function audioEncoderSpecs(options: AudioEncoderOptions): WeightSpec[] {
  const first = options.filters[0] ?? 0;
  return [
    convSpec('conv1', first, 1, 7),
    ...batchNormSpecs('bn1', first),
    ...planBlocks(options).flatMap((plan) => specsUnder(plan.name, blockSpecs(plan))),
  ];
}

/** Squeeze and excitation: each channel is scaled by what the whole picture says of it. */
function excite(x: tf.Tensor4D, weights: Weights): tf.Tensor4D {
  const squeezed = tf.mean(x, [1, 2]);
  const hidden = tf.relu(linearNamed(squeezed, weights, 'se.fc.0'));
  const scale = tf.sigmoid(linearNamed(hidden, weights, 'se.fc.2'));
  return tf.mul(x, tf.reshape(scale, [x.shape[0], 1, 1, x.shape[3]]));
}

/** SE basic block, in TalkNet's order: conv → ReLU → BN → conv → BN → SE → + shortcut → ReLU. */
function basicBlock(
  x: tf.Tensor4D,
  all: Weights,
  plan: BlockPlan,
  prefix: string,
  mode: NormMode,
): tf.Tensor4D {
  const weights = under(all, plan.name);
  const norm = (input: tf.Tensor4D, name: string) =>
    batchNorm(input, weights, name, `${prefix}${plan.name}.${name}`, mode);
  const { stride, dilation } = plan;
  const first = tf.relu(conv2d(x, weights('conv1.weight'), { stride, dilation }));
  const second = conv2d(norm(first, 'bn1'), weights('conv2.weight'), { dilation });
  const excited = excite(norm(second, 'bn2'), weights);
  const shortcut = needsShortcut(plan)
    ? norm(conv2d(x, weights('downsample.0.weight'), { stride }), 'downsample.1')
    : x;
  return tf.relu(tf.add(excited, shortcut));
}

/**
 * Encodes MFCCs into one token a source frame step.
 * @param mfcc standardised, `[B, N_len, cepstra]`
 * @param prefix of the encoder's weights in the checkpoint, for the names of batch-norm updates
 * @returns `[B, ⌈N_len/4⌉, filters[3]]`
 */
export function encodeAudio(
  mfcc: tf.Tensor,
  weights: Weights,
  options: AudioEncoderOptions,
  mode: NormMode,
  prefix = '',
): tf.Tensor {
  // One channel, cepstra down, time across: the mean at the end is over cepstra, not over time.
  const image = tf.expandDims<tf.Tensor4D>(tf.transpose(mfcc, [0, 2, 1]), 3);
  const stem = conv2d(image, weights('conv1.weight'), { stride: [2, 1] });
  let x = tf.relu(batchNorm(stem, weights, 'bn1', `${prefix}bn1`, mode));
  for (const plan of planBlocks(options)) x = basicBlock(x, weights, plan, prefix, mode);
  return tf.mean(x, 1);
}

/** Mean over the tokens of each temporal slot. @param tokens `[B, L, C]` @returns `[B, slots, C]` */
export function poolToSlots(tokens: tf.Tensor, slots: number): tf.Tensor {
  const [batch = 0, length = 0, width = 0] = tokens.shape;
  if (length % slots !== 0)
    throw new RangeError(`${length} audio tokens do not divide into ${slots} temporal slots`);
  return tf.mean(tf.reshape(tokens, [batch, slots, length / slots, width]), 2);
}
