import {
  getKernel,
  registerKernel,
  unregisterKernel,
  type KernelFunc,
} from '@tensorflow/tfjs-core';

/** Kernels that have taken a stock one's place. */
const ours = new WeakSet<KernelFunc>();

/**
 * Puts a kernel in the place of a backend's own; calling it again does nothing.
 * @param make is given the stock kernel, for what is left to it
 */
export function replaceKernel(
  kernelName: string,
  backendName: string,
  make: (stock: KernelFunc) => KernelFunc,
): void {
  const stock = getKernel(kernelName, backendName);
  if (ours.has(stock.kernelFunc)) return;
  const kernelFunc = make(stock.kernelFunc);
  ours.add(kernelFunc);
  unregisterKernel(kernelName, backendName);
  // With its setup: the stock kernel below still has to be wired to its backend.
  registerKernel({ ...stock, kernelFunc });
}
