import * as tf from '@tensorflow/tfjs-core';
import { UNIFORM_KERNEL } from '../../ops/dropout.js';
import { replaceKernel } from '../replace-kernel.js';
import { registerDeviceAdamW } from './adamw.js';

/** The part of the native backend that kernels need. */
interface NativeBackend {
  readonly binding: Readonly<Record<'TF_ATTR_TYPE' | 'TF_ATTR_INT' | 'TF_ATTR_BOOL' | 'TF_FLOAT' | 'TF_INT32', number>>;
  getDTypeInteger(dtype: tf.DataType): number;
  executeSingleOutput(op: string, attributes: object[], inputs: tf.TensorInfo[]): tf.Tensor;
} // prettier-ignore

const native = (backend: unknown) => backend as NativeBackend;

/** Uniform numbers by a counter-based generator: the same for a seed, eager and in a graph. */
const uniform: tf.KernelFunc = ({ inputs, attrs, backend: opaque }) => {
  const backend = native(opaque);
  const { TF_ATTR_TYPE: type, TF_FLOAT, TF_INT32 } = backend.binding;
  const shape = tf.tensor1d((attrs as unknown as { shape: number[] }).shape, 'int32');
  const attributes = [
    { name: 'dtype', type, value: TF_FLOAT },
    { name: 'T', type, value: TF_INT32 },
    { name: 'Tseed', type, value: TF_INT32 },
  ];
  const seed = (inputs as Record<'seed', tf.TensorInfo>).seed;
  const drawn = backend.executeSingleOutput('StatelessRandomUniform', attributes, [shape, seed]);
  shape.dispose();
  return drawn;
};

/**
 * `GatherV2` that leaves the check of the indices to TensorFlow: the stock kernel reads them back to
 * look at them one by one, which waits for the device and cannot be captured.
 */
const gather: tf.KernelFunc = ({ inputs, attrs, backend: opaque }) => {
  const backend = native(opaque);
  const { TF_ATTR_TYPE: type, TF_ATTR_INT, TF_INT32 } = backend.binding;
  const { x, indices } = inputs as Record<'x' | 'indices', tf.TensorInfo>;
  const { axis, batchDims } = attrs as unknown as tf.GatherV2Attrs;
  const axisTensor = tf.scalar(axis, 'int32');
  const attributes = [
    { name: 'batch_dims', type: TF_ATTR_INT, value: batchDims },
    { name: 'Tparams', type, value: backend.getDTypeInteger(x.dtype) },
    { name: 'Tindices', type, value: backend.getDTypeInteger(indices.dtype) },
    { name: 'Taxis', type, value: TF_INT32 },
  ];
  const picked = backend.executeSingleOutput('GatherV2', attributes, [x, indices, axisTensor]);
  axisTensor.dispose();
  return picked;
};

/**
 * Products of two matrices by `MatMul` where the second is not turned: there `BatchMatMulV2`, which the stock kernel has
 * for all, takes up to 1.9 times as long on processors, and where it is, 0.75 to 1.1 times (docs/explanation/engine.md).
 */
function matMulWith(stock: tf.KernelFunc): tf.KernelFunc {
  return (call) => {
    const { a, b } = call.inputs as Record<'a' | 'b', tf.TensorInfo>;
    const { transposeA, transposeB } = call.attrs as unknown as tf.BatchMatMulAttrs;
    const matrices = a.shape.length === 2 && b.shape.length === 2;
    if (!matrices || (transposeB && !transposeA)) return stock(call);
    const backend = native(call.backend);
    const { TF_ATTR_TYPE, TF_ATTR_BOOL: type } = backend.binding;
    const attributes = [
      { name: 'T', type: TF_ATTR_TYPE, value: backend.getDTypeInteger(a.dtype) },
      { name: 'transpose_a', type, value: transposeA },
      { name: 'transpose_b', type, value: transposeB },
    ];
    return backend.executeSingleOutput('MatMul', attributes, [a, b]);
  };
}

/** Kernels of ours for native TensorFlow; calling it again does nothing. */
export function registerTensorflowKernels(): void {
  registerDeviceAdamW();
  replaceKernel(tf.GatherV2, 'tensorflow', () => gather);
  replaceKernel(tf.BatchMatMul, 'tensorflow', matMulWith);
  // The types promise a kernel; there is none the first time.
  if ((tf.getKernel(UNIFORM_KERNEL, 'tensorflow') as tf.KernelConfig | undefined) === undefined)
    tf.registerKernel({
      kernelName: UNIFORM_KERNEL,
      backendName: 'tensorflow',
      kernelFunc: uniform,
    });
}
