import * as tf from '@tensorflow/tfjs-core';
import { canCapture, CaptureError, compiler, type Tensors } from '../../model/index.js';

/**
 * Whether computations run as graphs: `auto` where that is faster and can be done, on native TensorFlow;
 * `true`: or else not at all.
 */
export type CaptureChoice = 'auto' | boolean;

/** Runs computations that come again and again, as graphs or operation by operation. */
export interface Runner {
  readonly captures: boolean;
  /** Why nothing is captured although it may be. */
  readonly whyNot: string | undefined;
  /**
   * @param key what the computation depends on besides the names, shapes and types of its inputs
   * @param inputs all that changes from run to run
   * @returns the results, tensors of the scope that this is called in
   */
  run(key: string, inputs: Tensors, work: () => Tensors): Tensors;
  dispose(): void;
}

/** @throws CaptureError, also of `run`, where capturing is a must and cannot be done */
export function createRunner(choice: CaptureChoice = 'auto'): Runner {
  const unable = canCapture()
    ? undefined
    : `steps can be captured on native TensorFlow only, and the backend is ${tf.getBackend()}`;
  if (choice === true && unable !== undefined)
    throw new CaptureError(`${unable}; leave --capture out`);
  let graphs = choice !== false && unable === undefined ? compiler() : undefined;
  let whyNot = choice === false ? undefined : unable;
  return {
    get captures() {
      return graphs !== undefined;
    },
    get whyNot() {
      return whyNot;
    },
    run(key, inputs, work) {
      try {
        if (graphs !== undefined) return graphs.run(key, inputs, work);
      } catch (error) {
        if (choice === true || !(error instanceof CaptureError)) throw error;
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
