/**
 * Name of the kernel that takes a whole step of AdamW on one weight; not TensorFlow.js', and only some
 * backends have it. Inputs: weight, gradient, first, second. Outputs: weight, first and second.
 */
export const ADAMW_KERNEL = 'AvmeAdamW';

/** One step's numbers, the same for all values of a weight. */
export interface AdamWAttributes {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** 1 / √(1 − β₂ᵗ) */
  readonly rootScale: number;
  /** lr / (1 − β₁ᵗ) */
  readonly rate: number;
  /** 1 − lr · decay; 1 without. */
  readonly kept: number;
}

/**
 * Name of the kernel that takes a whole step of AdamW on one weight whose numbers are tensors, as in a captured
 * step; not TensorFlow.js', and only native TensorFlow has it.
 * Inputs: weight, gradient, first, second, and the scalars rootScale and rate; attributes beta1, beta2, epsilon.
 * Outputs: weight, first and second.
 */
export const ADAMW_ON_DEVICE_KERNEL = 'AvmeAdamWOnDevice';
