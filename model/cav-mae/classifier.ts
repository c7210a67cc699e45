import { type ForwardMode, type LabelBatch } from '../forward.js';
import * as tf from '@tensorflow/tfjs-core';

import {
  allPatches,
  encodeJoint,
  encodeOwn,
  jointEncoderSpecs,
  ownEncoderSpecs,
  framePatches,
  spectrumPatches,
} from './encoder.js';
import type { ClassifierConfig } from '../classifier.js';
import type { ModelConfig } from '../config.js';
import { dropout as dropValues } from '../../engine/ops/dropout.js';
import { normNamed } from './modality-block.js';
import { layerNormSpecs, linearNamed, type DropPath } from '../layers/transformer.js';
import type { Weights, WeightSpec } from '../weights/weights.js';

/**
 * The weights of a classifier on CAV-MAE's encoders, under the original's names, but for the norm and
 * the head behind them, which are called as in all classifiers here (`mlp_head.0` and `.1` there).
 */
export function cavMaeClassifierSpecs(
  config: ModelConfig,
  { classes, fusion }: ClassifierConfig,
): WeightSpec[] {
  const { width } = config;
  return [
    ...(fusion === 'picture' ? [] : ownEncoderSpecs(config, 'a')),
    ...ownEncoderSpecs(config, 'v'),
    ...jointEncoderSpecs(config, [fusion === 'picture' ? '_v' : '']),
    ...layerNormSpecs('fc_norm', width),
    { name: 'head.weight', shape: [classes, width], init: 'normal-2e-5', trainable: true },
    { name: 'head.bias', shape: [classes], init: 'zeros', trainable: true },
  ];
}

/**
 * Scores of the classes: all patches of a frame and of the sound → encoders → mean over tokens →
 * LayerNorm → dropout → head. Of a clip of several frames each is scored with the whole sound, and the
 * probabilities are averaged, as the original's are.
 * @returns logits `[B, classes]`
 */
export function classifyByCavMae(
  { video, mel }: LabelBatch,
  weights: Weights,
  config: ModelConfig,
  { fusion, dropout, dropPath }: ClassifierConfig,
  mode: ForwardMode,
): tf.Tensor {
  const [batch = 0, frames = 0, height = 0, width = 0] = video.shape;
  const { training } = mode.norm;
  const paths: DropPath | undefined = training ? { rate: dropPath, nextSeed: mode.nextSeed } : undefined; // prettier-ignore

  function hear(): tf.Tensor | undefined {
    if (fusion === 'picture') return undefined;
    if (mel === undefined)
      throw new Error('cav-mae hears by log-mel spectra, and the batch holds none; preprocess with --mel 128'); // prettier-ignore
    const all = allPatches(config, 'a', batch);
    return encodeOwn(spectrumPatches(mel, config), all, weights, config, 'a', paths);
  }
  const audio = hear();

  function score(frame: number): tf.Tensor {
    const picture = tf.slice(video, [0, frame, 0, 0, 0], [batch, 1, height, width, 3]);
    const all = allPatches(config, 'v', batch);
    const seen = encodeOwn(framePatches(picture, config), all, weights, config, 'v', paths);
    const tokens = audio === undefined ? seen : tf.concat([audio, seen], 1);
    const encoded = encodeJoint(tokens, weights, config, audio === undefined ? '_v' : '', paths);
    const features = normNamed(tf.mean(encoded, 1), weights, 'fc_norm');
    const kept = training && dropout > 0 ? dropValues(features, dropout, mode.nextSeed()) : features; // prettier-ignore
    return linearNamed(kept, weights, 'head');
  }
  if (frames === 1) return score(0);
  // Frame by frame: all of them at once would hold the attention of each.
  const scores = Array.from({ length: frames }, (_, frame) =>
    training ? tf.softmax(score(frame)) : tf.tidy(() => tf.softmax(score(frame))),
  );
  return tf.log(tf.maximum(tf.div(tf.addN(scores), frames), 1e-12));
}
