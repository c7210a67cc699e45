import { createRequire } from 'node:module';
import { join } from 'node:path';
import { hasTensorflow, TENSORFLOW_PACKAGE, tensorflowHome } from './tensorflow-home.js';

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
}
