import * as tf from '@tensorflow/tfjs-core';
import { replaceKernel } from '../replace-kernel.js';
import { registerWebgpuAdamW } from './adamw.js';
import { registerWebgpuUniform } from './uniform.js';

/** Operations on two tensors that the model applies to tensors of more than four axes. */
const BINARY = [tf.Add, tf.Sub, tf.Multiply, tf.RealDiv] as const;

/** Shaders address up to so many axes of a tensor that a vector is combined with. */
const AXES = 4;

/**
 * The stock kernels keep a short vector that is combined with all rows of another tensor in the memory
 * of a workgroup, and address it there by an index that WGSL has for four axes only: with five, as
 * a video has, the shader does not compile. Rows say the same with two axes.
 */
function byRows(stock: tf.KernelFunc): tf.KernelFunc {
  return (params) => {
    const { a, b } = params.inputs as Record<'a' | 'b', tf.TensorInfo>;
    const [long, short] = a.shape.length > b.shape.length ? [a, b] : [b, a];
    const width = short.shape[0] ?? 1;
    if (long.shape.length <= AXES || short.shape.length !== 1 || long.shape.at(-1) !== width)
      return stock(params);
    // The same values under another shape: nothing is copied, and nothing is to be freed.
    const rows = { ...long, shape: [tf.util.sizeFromShape(long.shape) / width, width] };
    const pair = long === a ? { a: rows, b } : { a, b: rows };
    const made = stock({ ...params, inputs: pair });
    return { ...(made as tf.TensorInfo), shape: long.shape };
  };
}

/** Tensors that a shader may add up: WebGPU guarantees eight buffers, and one is for the sum. */
const SUMMANDS = 7;

/** The stock kernel gives a shader all summands at once; a model's gradients are hundreds. */
function byParts(stock: tf.KernelFunc): tf.KernelFunc {
  return (params) => {
    const backend = params.backend as { disposeData(dataId: object): unknown };
    const [first, ...rest] = params.inputs as unknown as [tf.TensorInfo, ...tf.TensorInfo[]];
    let sum = first;
    for (let i = 0; i < rest.length || i === 0; i += SUMMANDS - 1) {
      const part = [sum, ...rest.slice(i, i + SUMMANDS - 1)];
      const next = stock({ ...params, inputs: part as unknown as tf.NamedTensorInfoMap });
      if (sum !== first) backend.disposeData(sum.dataId);
      sum = next as tf.TensorInfo;
    }
    return sum;
  };
}

/** Kernels of ours for WebGPU; called once. */
export function registerWebgpuKernels(): void {
  replaceKernel(tf.AddN, 'webgpu', byParts);
  for (const kernelName of BINARY) replaceKernel(kernelName, 'webgpu', byRows);
  registerWebgpuAdamW();
  registerWebgpuUniform();
}
