import * as tf from '@tensorflow/tfjs-core';
import { UNIFORM_KERNEL } from '../../ops/dropout.js';
import { PHILOX } from '../../ops/philox.js';
import { dispatch, shaderOf, type DispatchBackend, type Uniform } from './dispatch.js';

const u32 = (value: number) => `${value}u`;
const [M0, M1] = PHILOX.multipliers.map(u32);
const [W0, W1] = PHILOX.weyl.map(u32);
const [S0, S1] = PHILOX.scramble.map(u32);

/** WGSL has no product of 64 bits: the high word is put together of 16-bit halves. */
const PHILOX_WGSL = `
fn highProduct(a: u32, b: u32) -> u32 {
  let a0 = a & 0xffffu; let a1 = a >> 16u;
  let b0 = b & 0xffffu; let b1 = b >> 16u;
  let middle = a1 * b0 + ((a0 * b0) >> 16u);
  let carried = a0 * b1 + (middle & 0xffffu);
  return a1 * b1 + (middle >> 16u) + (carried >> 16u);
}
fn philox(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var round = 0; round < ${PHILOX.rounds}; round++) {
    c = vec4u(
      highProduct(${M1}, c.z) ^ c.y ^ k.x, ${M1} * c.z,
      highProduct(${M0}, c.x) ^ c.w ^ k.y, ${M0} * c.x);
    k += vec2u(${W0}, ${W1});
  }
  return c;
}`;

/** Four values an invocation: the words of one counter. */
const SHADER = shaderOf(
  UNIFORM_KERNEL,
  { seed: 'i32' },
  ['values'],
  { size: 'u32' },
  `let low = bitcast<vec2u>(vec2i(seed[0], seed[1]));
  let high = select(vec2u(0u), vec2u(0xffffffffu), vec2i(seed[0], seed[1]) < vec2i(0));
  let scrambled = philox(vec4u(low.x, high.x, low.y, high.y), vec2u(${S0}, ${S1}));
  let words = philox(vec4u(i, 0u, scrambled.z, scrambled.w), scrambled.xy);
  for (var j = 0u; j < 4u && 4u * i + j < u.size; j++) {
    values[4u * i + j] = f32(words[j] & ${u32(PHILOX.mantissa)}) * ${PHILOX.mantissaScale};
  }`,
  PHILOX_WGSL,
);

const uniform: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const { shape } = attrs as unknown as { shape: number[] };
  const size = tf.util.sizeFromShape(shape);
  const uniforms: Uniform[] = [{ type: 'uint32', data: [size] }];
  const seed = inputs['seed'] as tf.TensorInfo;
  const count = Math.ceil(size / 4);
  const [values] = dispatch(backend as DispatchBackend, SHADER, [seed], [shape], count, uniforms);
  return values as tf.TensorInfo;
};

/** Has the GPU draw the numbers that other backends draw, instead of JavaScript. */
export function registerWebgpuUniform(): void {
  tf.registerKernel({ kernelName: UNIFORM_KERNEL, backendName: 'webgpu', kernelFunc: uniform });
}
