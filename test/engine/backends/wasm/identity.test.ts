import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '../../../../engine/backend.js';

describe('clones on wasm', () => {
  before(() => useBackend('wasm'));

  it('share memory, which lives as long as the last of them', async () => {
    const before = tf.memory();
    const first = tf.tensor1d([1, 2, 3]);
    const second = tf.clone(first);
    const third = tf.reshape(second, [3, 1]);
    first.dispose();
    assert.deepEqual([...(await second.data())], [1, 2, 3]);
    second.dispose();
    assert.deepEqual([...(await tf.mul(third, 2).data())], [2, 4, 6]);
    third.dispose();
    assert.equal(tf.memory().numDataBuffers - before.numDataBuffers, 1);
    assert.throws(() => first.dataSync(), /disposed/);
  });
});
