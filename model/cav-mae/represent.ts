import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../config.js';
import type { LabelBatch } from '../forward.js';
import type { RepresentationChoice, TokenGrid } from '../system.js';
import type { Weights } from '../weights/weights.js';
import { allPatches, encodeJoint, encodeOwn, framePatches, gridOf, spectrumPatches } from './encoder.js'; // prettier-ignore
import type { Modality } from './modality-block.js';

const PASS = { picture: '_v', fused: '', sound: '_a' } as const satisfies Record<RepresentationChoice['of'], Modality>; // prettier-ignore

/**
 * CAV-MAE's representations: passes through its encoders of the picture alone, frame by frame, of the
 * spectrum alone, or of both; of the latter the picture's tokens are given.
 */
export function representByCavMae(
  { video, mel }: LabelBatch,
  weights: Weights,
  config: ModelConfig,
  { of, layer, names }: RepresentationChoice,
): TokenGrid {
  if (layer !== undefined)
    throw new RangeError('layer: CAV-MAE has several encoders, of which only the last block is given; leave it out'); // prettier-ignore
  const pass = PASS[of];
  if (!names.has(`norm${pass}.weight`))
    throw new RangeError(`the run has no representation of ${of}`);
  const [batch = 0, frames = 0, height = 0, width = 0] = video.shape;
  const hear = () => {
    if (mel === undefined) throw new Error('cav-mae hears by log-mel spectra, and the batch holds none'); // prettier-ignore
    return encodeOwn(spectrumPatches(mel, config), allPatches(config, 'a', batch), weights, config, 'a'); // prettier-ignore
  };
  if (of === 'sound')
    return {
      tokens: encodeJoint(hear(), weights, config, pass),
      grid: [1, ...gridOf(config, 'a')],
    };
  const heard = of === 'fused' ? hear() : undefined;
  const [rows, columns] = gridOf(config, 'v');
  // Frame by frame: all of them at once would hold the attention of each.
  const seen = Array.from({ length: frames }, (_, frame) =>
    tf.tidy(() => {
      const picture = tf.slice(video, [0, frame, 0, 0, 0], [batch, 1, height, width, 3]);
      const own = encodeOwn(framePatches(picture, config), allPatches(config, 'v', batch), weights, config, 'v'); // prettier-ignore
      const joint = encodeJoint(heard === undefined ? own : tf.concat([heard, own], 1), weights, config, pass); // prettier-ignore
      const [, count = 0, channels = 0] = joint.shape;
      return tf.slice(joint, [0, count - rows * columns, 0], [batch, rows * columns, channels]);
    }),
  );
  return { tokens: tf.concat(seen, 1), grid: [frames, rows, columns] };
}
