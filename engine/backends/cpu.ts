import { registerHostUniform } from './uniform.js';

/** Loads the plain JavaScript backend: the last resort. */
export async function loadCpu(): Promise<void> {
  await import('@tensorflow/tfjs-backend-cpu');
  registerHostUniform('cpu');
}
