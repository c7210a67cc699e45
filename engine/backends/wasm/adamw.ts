import { registerKernel, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core';
import { ADAMW_KERNEL, type AdamWAttributes } from '../adamw-kernel.js';

/** The part of the wasm backend's inside that updating in one pass needs. */
interface WasmInside {
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
  typedArrayFromHeap(info: TensorInfo): Float32Array;
}

const adamW: KernelFunc = ({ inputs, attrs, backend: opaque }) => {
  const backend = opaque as WasmInside;
  const { weight, gradient, first, second } = inputs as Record<string, TensorInfo>;
  const { beta1, beta2, epsilon, rootScale, rate, kept } = attrs as unknown as AdamWAttributes;
  const sources = [weight, gradient, first, second] as TensorInfo[];
  const shape = weight?.shape ?? [];
  const outputs = [0, 1, 2].map(() => backend.makeOutput(shape, 'float32'));
  // Views are taken after the outputs were made: making them may have moved the heap.
  const [w, g, m, v, nextW, nextM, nextV] = [...sources, ...outputs].map((info) => backend.typedArrayFromHeap(info)) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]; // prettier-ignore
  for (let i = 0; i < w.length; i++) {
    const slope = g[i] as number;
    const mean = beta1 * (m[i] as number) + (1 - beta1) * slope;
    const square = beta2 * (v[i] as number) + (1 - beta2) * slope * slope;
    nextM[i] = mean;
    nextV[i] = square;
    nextW[i] = kept * (w[i] as number) - (rate * mean) / (Math.sqrt(square) * rootScale + epsilon);
  }
  return outputs;
};

/**
 * AdamW in one pass over each weight, for wasm: op by op it is a dozen calls a weight, a third of all
 * calls of a small model's training step.
 */
export function registerAdamW(): void {
  registerKernel({ kernelName: ADAMW_KERNEL, backendName: 'wasm', kernelFunc: adamW });
}
