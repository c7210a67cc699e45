import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { dropout, drawsOnDevice } from '../../../engine/ops/dropout.js';
import { philox, philoxUniform, type Words } from '../../../engine/ops/philox.js';
import { trace } from '../../../engine/xla/trace.js';
import { onBackend, onEachBackend } from '../../support/backends.js';
import { useXla } from '../xla/jaxlib.js';

const hex = (words: Words) => words.map((word) => word.toString(16).padStart(8, '0')).join(' ');

describe('Philox 4x32-10', () => {
  it('gives the known answers of its authors (Random123, kat_vectors)', () => {
    const known = [
      [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
      [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
      [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
    ] as const; // prettier-ignore
    for (const [counter, [key0, key1], answer] of known) {
      const words: Words = [...counter];
      philox(words, key0, key1);
      assert.equal(hex(words), answer);
    }
  });

  it('draws in [0, 1), evenly, and other numbers for another seed', () => {
    const values = philoxUniform(20_001, [3, -7]);
    assert.ok(values.every((value) => value >= 0 && value < 1));
    const tenths = Array.from({ length: 10 }, (_, i) => values.filter((value) => Math.floor(value * 10) === i).length); // prettier-ignore
    // Five standard deviations of a binomial of 20,001 at 1/10.
    for (const count of tenths) assert.ok(Math.abs(count - 2000) < 5 * 42.4, tenths.join());
    assert.notDeepEqual(philoxUniform(8, [3, -8]), values.slice(0, 8));
    assert.deepEqual(philoxUniform(7, [3, -7]), values.slice(0, 7));
  });
});

const SEED = [123456789, -5] as const;
const mask = () => dropout(tf.ones([5, 3, 7]), 0.3, tf.tensor1d([...SEED], 'int32'));

onEachBackend('dropout by numbers on the device', () => {
  it('drops what every other backend drops', () => {
    assert.ok(drawsOnDevice());
    const uniform = philoxUniform(105, SEED);
    const expected = uniform.map((value) => Math.fround(Math.floor(Math.fround(value + Math.fround(0.7))) / Math.fround(0.7))); // prettier-ignore
    assert.deepEqual(mask().dataSync(), expected);
  });
});

onBackend('wasm', 'dropout in a program for XLA', () => {
  const run = useXla();
  it('drops what eager execution drops', () => {
    const seed = tf.tensor1d([...SEED], 'int32');
    const program = trace({
      inputs: { seed },
      work: () => ({ mask: dropout(tf.ones([5, 3, 7]), 0.3, seed) }),
    });
    const [made] = run(program, [{ seed: Int32Array.from(SEED) }]);
    assert.deepEqual([...made!['mask']!], [...mask().dataSync()]);
  });
});
