/**
 * Loads native TensorFlow, if its package and its binding are there.
 * @throws Error of the package or of the loader
 */
export async function loadTensorflow(): Promise<void> {
  // A name that the compiler does not follow: the package is optional, and its types with it.
  const name = '@tensorflow/tfjs-node-gpu';
  await import(name);
}
