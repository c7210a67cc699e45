import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { conv2d } from '../../../engine/ops/conv.js';
import { onEachBackend } from '../../support/backends.js';
import { relativeError } from '../../support/golden.js';

interface Case {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly from: number;
  readonly to: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: number;
}

const odd = fc.constantFrom(1, 3, 7);
const caseOf: fc.Arbitrary<Case> = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  height: fc.integer({ min: 1, max: 8 }),
  width: fc.integer({ min: 1, max: 11 }),
  from: fc.integer({ min: 1, max: 3 }),
  to: fc.integer({ min: 1, max: 3 }),
  kernel: fc.tuple(odd, odd),
  stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  dilation: fc.integer({ min: 1, max: 4 }),
});

/** Relative to the sums' own size, and to 1 where they cancel: all that is summed is of size 1. */
const errorOf = (actual: ArrayLike<number>, expected: ArrayLike<number>) =>
  relativeError(actual, expected) * Math.min(1, Math.max(...Array.from(expected, Math.abs)));

const wave = (count: number, step: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(step * (i + 1)));

/** The convolution as it is defined, and both gradients, tap by tap. */
function naive(
  c: Case,
  x: Float32Array,
  weight: Float32Array,
  dyOf: (count: number) => Float32Array,
) {
  const [kh, kw] = c.kernel;
  const rows = Math.ceil(c.height / c.stride[0]);
  const columns = Math.ceil(c.width / c.stride[1]);
  const out = new Float64Array(c.batch * rows * columns * c.to);
  const dy = dyOf(out.length);
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(weight.length);
  for (let at = 0; at < out.length; at++) {
    const o = at % c.to;
    const column = Math.floor(at / c.to) % columns;
    const row = Math.floor(at / c.to / columns) % rows;
    const b = Math.floor(at / c.to / columns / rows);
    for (let i = 0; i < kh; i++)
      for (let j = 0; j < kw; j++) {
        const y = row * c.stride[0] + i - (kh - 1) / 2;
        const t = column * c.stride[1] + (j - (kw - 1) / 2) * c.dilation;
        if (y < 0 || y >= c.height || t < 0 || t >= c.width) continue;
        for (let k = 0; k < c.from; k++) {
          const pixel = ((b * c.height + y) * c.width + t) * c.from + k;
          const tap = ((o * c.from + k) * kh + i) * kw + j;
          out[at]! += x[pixel]! * weight[tap]!;
          dx[pixel]! += dy[at]! * weight[tap]!;
          dw[tap]! += dy[at]! * x[pixel]!;
        }
      }
  }
  return { shape: [c.batch, rows, columns, c.to], out, dy, dx, dw };
}

onEachBackend('convolution', (backend) => {
  it('and both its gradients equal the definition at any stride, dilation and length', () => {
    fc.assert(
      fc.property(caseOf, (c) => {
        const shapeX = [c.batch, c.height, c.width, c.from] as const;
        const shapeW = [c.to, c.from, ...c.kernel] as const;
        const x = wave(c.batch * c.height * c.width * c.from, 0.7);
        const weight = wave(c.to * c.from * c.kernel[0] * c.kernel[1], 1.3);
        const expected = naive(c, x, weight, (count) => wave(count, 2.1));
        tf.tidy(() => {
          const tensorX = tf.tensor4d(x, [...shapeX]);
          const tensorW = tf.tensor4d(weight, [...shapeW]);
          const convolve = (a: tf.Tensor, w: tf.Tensor) => conv2d(a as tf.Tensor4D, w, c);
          const out = convolve(tensorX, tensorW);
          assert.deepEqual(out.shape, expected.shape);
          assert.ok(errorOf(out.dataSync(), expected.out) < 1e-5, 'output');
          const dy = tf.tensor(Float32Array.from(expected.dy), expected.shape);
          const [dx, dw] = tf.grads(convolve)([tensorX, tensorW], dy);
          assert.deepEqual([dx!.shape, dw!.shape], [[...shapeX], [...shapeW]]);
          assert.ok(errorOf(dx!.dataSync(), expected.dx) < 1e-5, 'gradient of the input');
          assert.ok(errorOf(dw!.dataSync(), expected.dw) < 1e-5, 'gradient of the filter');
        });
      }),
      { numRuns: backend === 'cpu' ? 60 : 200 },
    );
  });

  it('refuses a kernel with an even side', () => {
    assert.throws(
      () => conv2d(tf.zeros([1, 4, 4, 1]), tf.zeros([1, 1, 3, 2])),
      /kernel is 3×2; both sides must be odd/,
    );
  });
});
