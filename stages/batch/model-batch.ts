import { type LabelBatch, type ModelBatch } from '../../model/forward.js';
import * as tf from '@tensorflow/tfjs-core';
import { positionsOf } from '../../model/layers/geometry.js';

import type { ModelConfig } from '../../model/config.js';
import type { Tensors } from '../../engine/graph/capture.js';
import type { ClipBatch } from './batch.js';

/** Pixels of a batch, however many frames a clip it has. @returns `[B, T, H, W, 3]` */
function videoTensor({ keys, video }: ClipBatch, { imageSize }: ModelConfig): tf.Tensor {
  const frames = video.length / (keys.length * imageSize * imageSize * 3);
  // TensorFlow.js has no bytes; as floats they need not be cast where they are used.
  return tf.tensor(new Float32Array(video), [keys.length, frames, imageSize, imageSize, 3]);
}

/** Log-mel spectra, where the batch has them. @returns `[B, N_len, bands]` */
function melTensor({ keys, mel }: ClipBatch, { mfccFrames }: ModelConfig) {
  const bands = (mel?.length ?? 0) / (keys.length * mfccFrames);
  return mel === undefined ? undefined : tf.tensor3d(mel, [keys.length, mfccFrames, bands]);
}

function audioTensors({ keys, mfcc, audioPresent }: ClipBatch, config: ModelConfig) {
  const { mfccFrames, cepstra } = config;
  return {
    mfcc: tf.tensor3d(mfcc, [keys.length, mfccFrames, cepstra]),
    audioPresent: tf.tensor1d(audioPresent),
  };
}

/** The columns `from` to `to` of each clip's tokens, counted from `origin`. */
function columns(tokens: Int32Array, clips: number, from: number, to: number, origin: number) {
  const width = tokens.length / clips;
  const part = Int32Array.from({ length: clips * (to - from) }, (_, i) => {
    const [clip, column] = [Math.floor(i / (to - from)), i % (to - from)];
    return (tokens[clip * width + from + column] ?? 0) - origin;
  });
  return tf.tensor2d(part, [clips, to - from], 'int32');
}

/**
 * Tokens in the order (picture, spectrum), taken apart. Tokens are ascending, and all clips have as many
 * of each kind.
 */
function splitTokens(tokens: Int32Array, clips: number, positions: number) {
  const width = tokens.length / clips;
  const first = tokens.subarray(0, width).findIndex((token) => token >= positions);
  const middle = first < 0 ? width : first;
  return {
    picture: columns(tokens, clips, 0, middle, 0),
    spectrum: columns(tokens, clips, middle, width, positions),
  };
}

/** Puts a batch onto the device; the tensors are the caller's to dispose of. */
export function toModelBatch(batch: ClipBatch, config: ModelConfig): ModelBatch {
  const clips = batch.keys.length;
  const mel = melTensor(batch, config);
  const common = { video: videoTensor(batch, config), ...audioTensors(batch, config) };
  if (mel === undefined)
    return {
      ...common,
      visible: tf.tensor2d(batch.visible, [clips, batch.visible.length / clips], 'int32'),
      masked: tf.tensor2d(batch.masked, [clips, batch.masked.length / clips], 'int32'),
    };
  const visible = splitTokens(batch.visible, clips, positionsOf(config));
  const masked = splitTokens(batch.masked, clips, positionsOf(config));
  return {
    ...common,
    visible: visible.picture,
    masked: masked.picture,
    spectrum: { mel, visible: visible.spectrum, masked: masked.spectrum },
  };
}

/** All tensors of a batch by names. */
export function tensorsOf({ spectrum, ...common }: ModelBatch): Tensors {
  const heard = Object.entries(spectrum ?? {}).map(([name, tensor]) => [`spectrum.${name}`, tensor]); // prettier-ignore
  return { ...common, ...(Object.fromEntries(heard) as Tensors) };
}

/** Pixels and sound of a batch on the device, without its masks; the tensors are the caller's to dispose of. */
export function toLabelBatch(batch: ClipBatch, config: ModelConfig): LabelBatch {
  const mel = melTensor(batch, config);
  return {
    video: videoTensor(batch, config),
    ...audioTensors(batch, config),
    ...(mel === undefined ? {} : { mel }),
  };
}
