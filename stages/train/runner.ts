import * as tf from '@tensorflow/tfjs-core';
import { canCapture, CaptureError } from '../../engine/graph/native.js';
import { compiler } from '../../engine/graph/compiled.js';
import { fasterProducts } from '../../engine/graph/product-rates.js';
import type { ProductType } from '../../engine/graph/bfloat16.js';
import type { Precision } from '../../engine/xla/precision.js';
import type { Tensors } from '../../engine/graph/capture.js';

/**
 * Whether computations run as graphs: `auto` where that is faster and can be done, on native TensorFlow;
 * `true`: or else not at all; `xla`: as graphs that XLA compiles, or else not at all.
 */
export type CaptureChoice = 'auto' | 'xla' | boolean;

/** What graphs multiply matrices in; `auto`: bfloat16 where that is measured to be faster. */
export type PrecisionChoice = 'auto' | ProductType;

/** Runs computations that come again and again, as graphs or operation by operation. */
export interface Runner {
  readonly captures: boolean;
  /** Why nothing is captured although it may be. */
  readonly whyNot: string | undefined;
  /** What matrices are multiplied in. */
  readonly precision: ProductType;
  /**
   * @param key what the computation depends on besides the names, shapes and types of its inputs
   * @param inputs all that changes from run to run
   * @returns the results, tensors of the scope that this is called in
   */
  run(key: string, inputs: Tensors, work: () => Tensors): Tensors;
  dispose(): void;
}

/** Why steps cannot run as graphs on the backend in use; undefined where they can. */
const obstacle = () =>
  canCapture()
    ? undefined
    : `steps can be captured on native TensorFlow only, and the backend is ${tf.getBackend()}`;

/** What matrices are multiplied in on the backend in use. @throws CaptureError where that cannot be */
export function choosePrecision(
  choice: PrecisionChoice | Precision = 'float32',
  capture: CaptureChoice = 'auto',
): ProductType {
  if (choice === 'tf32')
    throw new CaptureError('only --backend xla multiplies matrices in tf32; choose --precision bfloat16 or float32'); // prettier-ignore
  const unable = capture === false ? '--capture no is set' : obstacle();
  if (choice === 'bfloat16' && unable !== undefined)
    throw new CaptureError(`products are in bfloat16 only where steps run as graphs: ${unable}; leave --precision out`); // prettier-ignore
  return choice !== 'auto' ? choice : unable === undefined ? fasterProducts() : 'float32';
}

/**
 * @param precision default float32; bfloat16 only graphs have, so they are a must then
 * @throws CaptureError, also of `run`, where capturing is a must and cannot be done
 */
export function createRunner(
  choice: CaptureChoice = 'auto',
  precision: Precision = 'float32',
): Runner {
  const unable = obstacle();
  const wanted = choice === true || choice === 'xla';
  if (wanted && unable !== undefined) throw new CaptureError(`${unable}; leave --capture out`);
  const products = choosePrecision(precision, choice);
  const must = wanted || products === 'bfloat16';
  let graphs =
    choice !== false && unable === undefined
      ? compiler({ products, xla: choice === 'xla' })
      : undefined;
  let whyNot = choice === false ? undefined : unable;
  return {
    get captures() {
      return graphs !== undefined;
    },
    get whyNot() {
      return whyNot;
    },
    get precision() {
      return graphs === undefined ? 'float32' : products;
    },
    run(key, inputs, work) {
      try {
        if (graphs !== undefined) return graphs.run(key, inputs, work);
      } catch (error) {
        if (must || !(error instanceof CaptureError)) throw error;
        // From here on, and not by turns: the two agree to rounding, not to the bit.
        whyNot = error.message;
        graphs?.dispose();
        graphs = undefined;
      }
      return tf.tidy(work);
    },
    dispose() {
      graphs?.dispose();
    },
  };
}
