import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { infoNce } from '../../../model/losses/contrastive.js';
import { onEachBackend } from '../../support/backends.js';

onEachBackend('InfoNCE', () => {
  const value = (x: tf.Scalar) => x.dataSync()[0]!;
  let sounds: tf.Tensor2D;
  let pictures: tf.Tensor2D;
  beforeEach(() => {
    sounds = tf.tensor2d([3, 4, 0, 2], [2, 2]);
    pictures = tf.tensor2d([1, 0, 0, 5], [2, 2]);
  });

  it('is that of an example worked out by hand', () => {
    // Unit sounds (0.6, 0.8) and (0, 1), unit pictures (1, 0) and (0, 1): cosines by picture
    // [0.6, 0] and [0.8, 1], at τ = 0.5 [1.2, 0] and [1.6, 2].
    const first = -Math.log(Math.exp(1.2) / (Math.exp(1.2) + 1));
    const second = -Math.log(Math.exp(2) / (Math.exp(1.6) + Math.exp(2)));
    const found = value(infoNce(sounds, pictures, tf.ones([2]), 0.5));
    assert.ok(Math.abs(found - (first + second) / 2) < 1e-6);
  });

  it('asks each picture for its sound, not each sound for its picture', () => {
    const found = value(infoNce(sounds, pictures, tf.ones([2]), 0.5));
    const other = value(infoNce(pictures, sounds, tf.ones([2]), 0.5));
    assert.ok(Math.abs(found - other) > 1e-2);
  });

  it('does not depend on lengths, and is log B where nothing tells clips apart', () => {
    const longer = value(infoNce(tf.mul(sounds, 100), pictures, tf.ones([2]), 0.5));
    assert.ok(Math.abs(longer - value(infoNce(sounds, pictures, tf.ones([2]), 0.5))) < 1e-6);
    const same = tf.ones<tf.Rank.R2>([5, 3]);
    assert.ok(Math.abs(value(infoNce(same, same, tf.ones([5]), 0.05)) - Math.log(5)) < 1e-5);
  });

  it('is not moved by clips without sound, not even by rows of zeros, and has finite gradients', () => {
    const more = (x: tf.Tensor2D) => tf.concat([x, tf.zeros([1, 2])], 0);
    const present = tf.tensor1d([1, 1, 0]);
    const found = value(infoNce(more(sounds), more(pictures), present, 0.05));
    assert.ok(Math.abs(found - value(infoNce(sounds, pictures, tf.ones([2]), 0.05))) < 1e-5);
    const gradient = tf.grad((x) => infoNce(x, more(pictures), present, 0.05))(more(sounds));
    const values = [...gradient.dataSync()];
    assert.ok(values.every(Number.isFinite));
    assert.deepEqual(values.slice(4).map(Math.abs), [0, 0]);
  });
});
