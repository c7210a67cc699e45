import { registerHostUniform } from '../uniform.js';
import { registerAdamW } from './adamw.js';
import { registerFastGather } from './gather.js';
import { registerSharedIdentity } from './identity.js';
import { registerFastMatMul } from './matmul.js';
import { registerFastSum } from './sum.js';

/**
 * Loads the embedded backend. It lacks the gradients of a convolution's filter, of a dilated
 * convolution and of `gather`: model/conv.ts and model/gather.ts have formulations of their own
 * for these, which every backend can run. Four kernels that it has are
 * replaced where it is slow, and AdamW is one of its own.
 */
export async function loadWasm(): Promise<void> {
  await import('@tensorflow/tfjs-backend-wasm');
  registerFastMatMul();
  registerFastGather();
  registerFastSum();
  registerSharedIdentity();
  registerAdamW();
  registerHostUniform('wasm');
}
