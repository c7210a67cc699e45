import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { CaptureError } from '../../../engine/graph/native.js';
import { useBackend } from '../../../engine/backend.js';
import { choosePrecision, createRunner } from '../../../stages/train/runner.js';
import { onBackend } from '../../support/backends.js';

describe('what runs steps', () => {
  it('runs them operation by operation where there are no graphs, unless these are a must', async () => {
    await useBackend('cpu');
    const runner = createRunner();
    const made = runner.run('three', {}, () => ({ three: tf.add(1, 2) }));
    assert.deepEqual([runner.captures, made['three']!.dataSync()[0]], [false, 3]);
    assert.match(runner.whyNot!, /native TensorFlow only, and the backend is cpu/);
    assert.equal(createRunner(false).whyNot, undefined, 'nobody wants it');
    tf.dispose({ ...made });
    assert.throws(() => createRunner(true), /native TensorFlow only, and the backend is cpu/);
    assert.throws(
      () => createRunner('auto', 'bfloat16'),
      /bfloat16 only where steps run as graphs: steps .* the backend is cpu; leave --precision out/,
    );
    assert.throws(() => createRunner('auto', 'tf32'), /only --backend xla .* in tf32/);
    assert.equal(choosePrecision('auto'), 'float32');
  });
});

onBackend('tensorflow', 'what runs steps', () => {
  const reads = (x: tf.Tensor) => () => ({ out: tf.mul(x, tf.neg(x).dataSync()[0]!) });

  it('goes on without graphs where something cannot be captured, and says why', () => {
    const runner = createRunner('auto');
    const x = tf.scalar(3);
    runner.run('fine', { x }, () => ({ out: tf.neg(x) }));
    assert.equal(runner.captures, true);
    for (let i = 0; i < 2; i++) {
      const { out } = runner.run('reads', { x }, reads(x));
      assert.equal(out!.dataSync()[0], -9);
    }
    assert.equal(runner.captures, false);
    assert.match(runner.whyNot!, /values are read/);
    runner.dispose();
  });

  it('multiplies in bfloat16 where that is asked for, and needs graphs for it', () => {
    const runner = createRunner('auto', 'bfloat16');
    const x = tf.tensor2d([[1 + 2 ** -12]]);
    const { out } = runner.run('square', { x }, () => ({ out: tf.matMul(x, x) }));
    assert.deepEqual([runner.precision, out!.dataSync()[0]], ['bfloat16', 1]);
    assert.throws(() => runner.run('reads', { x }, reads(x)), { name: CaptureError.name });
    runner.dispose();
    assert.throws(() => createRunner(false, 'bfloat16'), /--capture no is set/);
    assert.equal(choosePrecision('auto', false), 'float32');
    assert.match(choosePrecision('auto'), /^b?float/);
  });

  it('stops there where graphs are a must', () => {
    const runner = createRunner(true);
    const x = tf.scalar(3);
    assert.throws(() => runner.run('reads', { x }, reads(x)), { name: CaptureError.name });
    runner.dispose();
  });
});
