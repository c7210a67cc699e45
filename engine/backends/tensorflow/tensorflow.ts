import * as tf from '@tensorflow/tfjs-core';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { registerTensorflowKernels } from './kernels.js';
import { hasTensorflow, TENSORFLOW_PACKAGE, tensorflowHome } from './home.js';

/** TensorFlow tells of its instruction sets and devices as it loads; errors are still told. */
const ERRORS_ONLY = '2';

/**
 * Loads native TensorFlow: the one that `avme setup` made, or else the package as npm installs it. The
 * former brings a copy of tfjs-core, which shares engine, kernels and gradients with ours.
 * @throws Error of the package or of the loader
 */
export async function loadTensorflow(): Promise<void> {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= ERRORS_ONLY;
  const home = tensorflowHome();
  if (hasTensorflow(home)) createRequire(join(home, 'package.json'))(TENSORFLOW_PACKAGE);
  // A name that the compiler does not follow: the package is optional, and its types with it.
  else await import(TENSORFLOW_PACKAGE);
  registerTensorflowKernels();
}

/** What of the native backend's own object we rely on. */
interface NodeBackend {
  readonly binding: { readonly TF_Version: string };
  readonly isUsingGpuDevice: boolean;
}

/** The native backend that is in use. */
export function tensorflowDevice(): { version: string; gpu: boolean } {
  const { binding, isUsingGpuDevice } = tf.backend() as unknown as NodeBackend;
  return { version: binding.TF_Version, gpu: isUsingGpuDevice };
}
