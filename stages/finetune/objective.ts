import { INFERENCE, type LabelBatch } from '../../model/forward.js';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { classifierSpecs, classify } from '../../model/systems.js';

import { smoothLabels, softCrossEntropy, type ClassifierConfig } from '../../model/classifier.js';
import type { ModelConfig } from '../../model/config.js';
import type { Tensors } from '../../engine/graph/capture.js';
import type { ClipBatch } from '../batch/batch.js';
import { toLabelBatch } from '../batch/model-batch.js';
import type { Objective } from '../train/objective.js';
import { layerDecay } from './layer-decay.js';
import { drawMixing, mixingOptions, type Mixing } from '../augment/mixing.js';

export const classificationOptions = z.strictObject({
  ...mixingOptions.shape,
  /** Share of a label that is spread over all classes. */
  smoothing: z.coerce.number().min(0).lt(1).default(0.1),
  /** What the learning rate is multiplied by for each layer below the head; 1: the same for all. */
  layerDecay: z.coerce.number().gt(0).max(1).default(0.7),
  /** Linear probing: only what stands behind the encoders learns, on features that do not change. */
  probe: z.boolean().default(false),
});
export type ClassificationOptions = z.infer<typeof classificationOptions>;

/** Clips with the numbers of their classes. */
export interface LabelledBatch extends ClipBatch {
  readonly labels: readonly number[];
}

interface TargetBatch extends LabelBatch {
  /** What is to be said of each clip, rows that add up to 1, `[B, classes]`. */
  readonly labels: tf.Tensor;
}

/** 1 inside a box of a square of `size`, `[1, 1, size, size, 1]`. */
function boxMask({ x, y }: NonNullable<Mixing['box']>, size: number): tf.Tensor {
  const inside = Float32Array.from({ length: size * size }, (_, i) => {
    const [column, row] = [i % size, Math.floor(i / size)];
    return column >= x[0] && column < x[1] && row >= y[0] && row < y[1] ? 1 : 0;
  });
  return tf.tensor(inside, [1, 1, size, size, 1]);
}

/**
 * Mixes each clip with the one that stands as far from the batch's end: pixels by mixup or cutmix, sound
 * and labels by the share. Sound has no place that a box could lie in, so it is always blended.
 */
function mix({ labels, ...batch }: TargetBatch, { share, box }: Mixing, size: number) {
  const blend = (x: tf.Tensor, other: tf.Tensor | number) =>
    tf.add(tf.mul(x, tf.sub(1, other)), tf.mul(tf.reverse(x, 0), other));
  const rest = 1 - share;
  return {
    video: blend(batch.video, box === undefined ? rest : boxMask(box, size)),
    mfcc: blend(batch.mfcc, rest),
    ...(batch.mel === undefined ? {} : { mel: blend(batch.mel, rest) }),
    audioPresent: blend(batch.audioPresent, rest),
    labels: blend(labels, rest),
  };
}

/** What a linear probe learns: the head, and the norm and the map in front of it. */
const PROBED = /^(head|fc_norm|fusion_norm|late_fusion)\./;

/**
 * Classification as VideoMAE fine-tunes it: cross-entropy against smoothed, mixed labels, a learning
 * rate that falls from the head down. Measured is plain cross-entropy, on clips as they are.
 * @param drawFor numbers in [0, 1) for the mixing of the batch at a place of the run
 */
export function classificationObjective(
  config: ModelConfig,
  head: ClassifierConfig,
  options: ClassificationOptions,
  drawFor: (position: number) => () => number,
): Objective<LabelledBatch> {
  const { classes } = head;
  const { probe, layerDecay: decay } = options;

  function labelled(clips: LabelledBatch, smoothing: number): TargetBatch {
    return { ...toLabelBatch(clips, config), labels: smoothLabels(clips.labels, classes, smoothing) }; // prettier-ignore
  }
  function forLearning(clips: LabelledBatch): TargetBatch {
    const mixing = drawMixing(options, config.imageSize, drawFor(clips.position));
    const plain = labelled(clips, options.smoothing);
    return mixing === undefined ? plain : mix(plain, mixing, config.imageSize);
  }

  return {
    specs: classifierSpecs(config, head).map((spec) =>
      probe ? { ...spec, trainable: spec.trainable && PROBED.test(spec.name) } : spec,
    ),
    ...(probe ? {} : { rateScale: (name) => layerDecay(name, config.depth, decay) }),
    load(clips, purpose) {
      const { labels, ...batch } = tf.tidy(() => ({
        ...(purpose === 'learn' ? forLearning(clips) : labelled(clips, 0)),
      }));
      return {
        tensors: { ...batch, labels } as Tensors,
        loss: (weights, mode) =>
          softCrossEntropy(
            classify(batch, weights, config, head, probe ? INFERENCE : mode),
            labels,
          ),
        measure(weights) {
          const logits = classify(batch, weights, config, head, INFERENCE);
          const right = tf.sum<tf.Scalar>(tf.equal(tf.argMax(logits, -1), tf.argMax(labels, -1)));
          return { loss: softCrossEntropy(logits, labels), right };
        },
        dispose() {
          tf.dispose([{ ...batch }, labels]);
        },
      };
    },
  };
}
