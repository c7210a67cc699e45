import * as tf from '@tensorflow/tfjs-core';
import { ADAMW_KERNEL, type AdamWAttributes } from '../adamw-kernel.js';
import { dispatch, shaderOf, type DispatchBackend, type Uniform } from './dispatch.js';

const NUMBERS = ['beta1', 'beta2', 'epsilon', 'rootScale', 'rate', 'kept'] as const;

const SHADER = shaderOf(
  ADAMW_KERNEL,
  { weight: 'f32', gradient: 'f32', first: 'f32', second: 'f32' },
  ['nextWeight', 'nextFirst', 'nextSecond'],
  Object.fromEntries(NUMBERS.map((name) => [name, 'f32'])),
  `let slope = gradient[i];
  let mean = u.beta1 * first[i] + (1.0 - u.beta1) * slope;
  let square = u.beta2 * second[i] + (1.0 - u.beta2) * slope * slope;
  nextFirst[i] = mean;
  nextSecond[i] = square;
  nextWeight[i] = u.kept * weight[i] - u.rate * mean / (sqrt(square) * u.rootScale + u.epsilon);`,
);

const adamW: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const { weight, gradient, first, second } = inputs as Record<string, tf.TensorInfo>;
  const sources = [weight, gradient, first, second] as tf.TensorInfo[];
  const shape = weight?.shape ?? [];
  const numbers = attrs as unknown as AdamWAttributes;
  const uniforms = NUMBERS.map((name): Uniform => ({ type: 'float32', data: [numbers[name]] }));
  const count = tf.util.sizeFromShape(shape);
  return dispatch(backend as DispatchBackend, SHADER, sources, [shape, shape, shape], count, uniforms); // prettier-ignore
};

/** AdamW as one dispatch a weight; op by op it is a dozen, three fifths of all of a training step. */
export function registerWebgpuAdamW(): void {
  tf.registerKernel({ kernelName: ADAMW_KERNEL, backendName: 'webgpu', kernelFunc: adamW });
}
