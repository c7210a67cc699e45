/**
 * Name of the kernel that takes a whole step of AdamW on one weight whose numbers are tensors, as in a captured
 * step; not TensorFlow.js', and only native TensorFlow has it.
 * Inputs: weight, gradient, first, second, and the scalars rootScale and rate; attributes beta1, beta2, epsilon.
 * Outputs: weight, first and second.
 */
export const ADAMW_ON_DEVICE_KERNEL = 'AvmeAdamWOnDevice';
