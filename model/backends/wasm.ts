import { registerFastMatMul } from './wasm-matmul.js';

/**
 * Loads the embedded backend. It lacks the gradients of a convolution's filter, of a dilated
 * convolution and of `gather`: model/conv.ts and model/gather.ts have formulations of their own
 * for these, which every backend can run.
 */
export async function loadWasm(): Promise<void> {
  await import('@tensorflow/tfjs-backend-wasm');
  registerFastMatMul();
}
