import * as tf from '@tensorflow/tfjs-core';
import {
  canCapture,
  CaptureError,
  compiler,
  fasterProducts,
  type ProductType,
  type Tensors,
} from '../../model/index.js';

/**
 * Whether computations run as graphs: `auto` where that is faster and can be done, on native TensorFlow;
 * `true`: or else not at all.
 */
export type CaptureChoice = 'auto' | boolean;

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

/**
 * @param precision default float32; bfloat16 only graphs have, so they are a must then
 * @throws CaptureError, also of `run`, where capturing is a must and cannot be done
 */
export function createRunner(
  choice: CaptureChoice = 'auto',
  precision: PrecisionChoice = 'float32',
): Runner {
  const unable = canCapture()
    ? undefined
    : `steps can be captured on native TensorFlow only, and the backend is ${tf.getBackend()}`;
  if (choice === true && unable !== undefined)
    throw new CaptureError(`${unable}; leave --capture out`);
  const captures = choice !== false && unable === undefined;
  const must = choice === true || precision === 'bfloat16';
  if (precision === 'bfloat16' && !captures)
    throw new CaptureError(
      `products are in bfloat16 only where steps run as graphs: ${unable ?? '--capture no is set'}; leave --precision out`,
    );
  const products = precision !== 'auto' ? precision : captures ? fasterProducts() : 'float32';
  let graphs = captures ? compiler({ products }) : undefined;
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
