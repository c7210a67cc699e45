import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { useBackend } from '../../../../engine/backend.js';
import { relativeError } from '../../../support/golden.js';

interface Case {
  readonly batchA: number[];
  readonly batchB: number[];
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const size = fc.integer({ min: 1, max: 9 });

/** Batches of up to two axes: equal, or broadcast by axes of size 1 and by missing ones. */
const batches = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }).chain((whole) => {
  const thinned = fc
    .tuple(
      fc.integer({ min: 0, max: whole.length }),
      fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
    ) // prettier-ignore
    .map(([from, ones]) => whole.slice(from).map((n, i) => (ones[i] === true ? 1 : n)));
  return fc.oneof(
    fc.constant([whole, whole] as const),
    fc.tuple(fc.constant(whole), thinned),
    fc.tuple(thinned, fc.constant(whole)),
    fc.tuple(thinned, thinned),
  );
});

const caseOf: fc.Arbitrary<Case> = fc
  .record({
    batch: batches,
    rows: size,
    depth: size,
    columns: size,
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
  })
  .map(({ batch: [batchA, batchB], ...rest }) => ({ batchA: [...batchA], batchB: [...batchB], ...rest })); // prettier-ignore

const count = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
const wave = (length: number, step: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(step * (i + 1)));

/** Matrix that a broadcast batch index refers to. */
function matrixAt(index: number, whole: readonly number[], own: readonly number[]): number {
  let [rest, at, stride] = [index, 0, 1];
  for (let axis = 1; axis <= whole.length; axis++) {
    const place = rest % whole.at(-axis)!;
    rest = Math.floor(rest / whole.at(-axis)!);
    const extent = own.at(-axis) ?? 1;
    if (extent > 1) at += place * stride;
    stride *= extent;
  }
  return at;
}

/** Product and both gradients, term by term. */
function plain(c: Case, a: Float32Array, b: Float32Array) {
  const rank = Math.max(c.batchA.length, c.batchB.length);
  const batch = Array.from({ length: rank }, (_, i) =>
    Math.max(c.batchA.at(i - rank) ?? 1, c.batchB.at(i - rank) ?? 1),
  );
  const out = new Float64Array(count(batch) * c.rows * c.columns);
  const dy = wave(out.length, 2.3);
  const [da, db] = [new Float64Array(a.length), new Float64Array(b.length)];
  for (let m = 0; m < count(batch); m++) {
    const atA = matrixAt(m, batch, c.batchA) * c.rows * c.depth;
    const atB = matrixAt(m, batch, c.batchB) * c.depth * c.columns;
    for (let i = 0; i < c.rows; i++)
      for (let j = 0; j < c.columns; j++)
        for (let k = 0; k < c.depth; k++) {
          const at = (m * c.rows + i) * c.columns + j;
          const left = atA + (c.transposeA ? k * c.rows + i : i * c.depth + k);
          const right = atB + (c.transposeB ? j * c.depth + k : k * c.columns + j);
          out[at]! += a[left]! * b[right]!;
          da[left]! += dy[at]! * b[right]!;
          db[right]! += dy[at]! * a[left]!;
        }
  }
  return { shape: [...batch, c.rows, c.columns], out, dy, da, db };
}

const shapesOf = (c: Case) => ({
  a: [...c.batchA, ...(c.transposeA ? [c.depth, c.rows] : [c.rows, c.depth])],
  b: [...c.batchB, ...(c.transposeB ? [c.columns, c.depth] : [c.depth, c.columns])],
});

describe('matrix product on wasm', () => {
  before(() => useBackend('wasm'));
  beforeEach(() => {
    tf.engine().startScope();
  });
  afterEach(() => {
    tf.engine().endScope();
  });

  it('equals the definition, with both gradients, for all transposes and batches', () => {
    fc.assert(
      fc.property(caseOf, (c) => {
        const shapes = shapesOf(c);
        const [a, b] = [wave(count(shapes.a), 0.7), wave(count(shapes.b), 1.1)];
        const expected = plain(c, a, b);
        tf.tidy(() => {
          const [left, right] = [tf.tensor(a, shapes.a), tf.tensor(b, shapes.b)];
          const multiply = (x: tf.Tensor, y: tf.Tensor) =>
            tf.matMul(x, y, c.transposeA, c.transposeB);
          const out = multiply(left, right);
          assert.deepEqual(out.shape, expected.shape);
          assert.ok(relativeError(out.dataSync(), expected.out) < 1e-5, 'product');
          // TensorFlow.js has no gradient of a product that broadcasts over its batch.
          if (c.batchA.join() !== c.batchB.join()) return;
          const [da, db] = tf.grads(multiply)(
            [left, right],
            tf.tensor(expected.dy, expected.shape),
          );
          assert.deepEqual([da!.shape, db!.shape], [shapes.a, shapes.b]);
          assert.ok(relativeError(da!.dataSync(), expected.da) < 1e-5, 'gradient of the left side');
          assert.ok(
            relativeError(db!.dataSync(), expected.db) < 1e-5,
            'gradient of the right side',
          );
        });
      }),
      { numRuns: 150 },
    );
  });

  it('sees the shape of its right side, also when the same values had another one before', () => {
    const values = tf.tensor2d(wave(24, 0.9), [4, 6]);
    const flat = values.dataSync();
    for (const [depth, columns] of [
      [4, 6],
      [6, 4],
      [2, 12],
      [12, 2],
      [24, 1],
      [4, 6],
    ] as const) {
      // prettier-ignore
      const left = wave(3 * depth, 0.4);
      const expected = Array.from({ length: 3 * columns }, (_, at) => {
        const [i, j] = [Math.floor(at / columns), at % columns];
        let sum = 0;
        for (let k = 0; k < depth; k++) sum += left[i * depth + k]! * flat[k * columns + j]!;
        return sum;
      });
      const right = tf.reshape(values, [depth, columns]);
      const out = tf.matMul(tf.tensor2d(left, [3, depth]), right);
      assert.ok(relativeError(out.dataSync(), expected) < 1e-5, `as ${depth}×${columns}`);
    }
  });

  it('leaves nothing behind: neither tensors nor memory of the backend', () => {
    const cases = fc.sample(caseOf, { numRuns: 200, seed: 5 });
    const step = (c: Case) => {
      const { a, b } = shapesOf(c);
      tf.tidy(() => {
        const multiply = (x: tf.Tensor, y: tf.Tensor) =>
          tf.matMul(x, y, c.transposeA, c.transposeB);
        multiply(tf.ones(a), tf.ones(b)).dataSync();
        if (c.batchA.join() !== c.batchB.join()) return;
        tf.grads(multiply)([tf.ones(a), tf.ones(b)]).forEach((grad) => grad.dataSync());
      });
    };
    cases.slice(0, 5).forEach(step);
    const held = () => [
      tf.memory().numTensors,
      tf.memory().numDataBuffers,
      tf.backend().numDataIds(),
    ];
    const before = held();
    cases.forEach(step);
    assert.deepEqual(held(), before);
  });

  it('stays right while the memory grows under it', () => {
    // 40 products of 1 MiB held at once: WebAssembly's memory grows, and moves, on the way.
    const eye = tf.eye(64);
    const source = tf.reshape(tf.range(0, 64 * 64 * 64), [64, 64, 64]);
    const wide = tf.tile(tf.expandDims(eye, 0), [64, 1, 1]);
    let x = source;
    for (let i = 0; i < 40; i++) x = tf.matMul(x, wide);
    assert.deepEqual(x.dataSync(), source.dataSync());
  });
});
