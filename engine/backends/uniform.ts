import * as tf from '@tensorflow/tfjs-core';
import { UNIFORM_KERNEL } from '../ops/dropout.js';
import { philoxUniform } from '../ops/philox.js';

/** What of a backend that holds its tensors in this process's memory is needed. */
interface HostBackend {
  readSync(dataId: object): Int32Array;
  write(values: Float32Array, shape: number[], dtype: 'float32'): object;
}

const uniform: tf.KernelFunc = ({ inputs, attrs, backend: opaque }) => {
  const backend = opaque as HostBackend;
  const { shape } = attrs as unknown as { shape: number[] };
  const [first = 0, second = 0] = backend.readSync((inputs['seed'] as tf.TensorInfo).dataId);
  const values = philoxUniform(tf.util.sizeFromShape(shape), [first, second]);
  return { dataId: backend.write(values, shape, 'float32'), shape, dtype: 'float32' };
};

/** Has a backend draw by numbers as the others do; calling it again does nothing. */
export function registerHostUniform(backendName: 'cpu' | 'wasm'): void {
  // The types promise a kernel; there is none the first time.
  if ((tf.getKernel(UNIFORM_KERNEL, backendName) as tf.KernelConfig | undefined) !== undefined) return; // prettier-ignore
  tf.registerKernel({ kernelName: UNIFORM_KERNEL, backendName, kernelFunc: uniform });
}
