import assert from 'node:assert/strict';
import { initialWeights } from '../../../model/weights/init.js';
import type { WeightSpec } from '../../../model/weights/weights.js';

/** A small generator of the tests' own (Lehmer), seeded by a name. */
function streamFor(name: string): () => number {
  let state = Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) % 2147483647, 7);
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

const spec = (name: string, init: WeightSpec['init'], ...shape: number[]): WeightSpec => ({
  name,
  init,
  shape,
  trainable: true,
});

function momentsOf(values: Float32Array) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return { mean, deviation: Math.sqrt(variance), largest };
}

const draw = (one: WeightSpec) => initialWeights([one], streamFor).get(one.name)!;
const near = (actual: number, expected: number, share: number) => {
  assert.ok(Math.abs(actual / expected - 1) < share, `${actual}, expected about ${expected}`);
};

describe('initial weights', () => {
  it('zeros and ones', () => {
    assert.deepEqual(draw(spec('a', 'zeros', 3)), Float32Array.of(0, 0, 0));
    assert.deepEqual(draw(spec('a', 'ones', 2)), Float32Array.of(1, 1));
  });

  it('Xavier uniform of a linear map reaches √(6 / (in + out)) and no further', () => {
    const { mean, deviation, largest } = momentsOf(draw(spec('w', 'xavier-uniform', 100, 200)));
    const limit = Math.sqrt(6 / 300);
    assert.ok(largest <= limit && largest > 0.99 * limit);
    near(deviation, limit / Math.sqrt(3), 0.02);
    assert.ok(Math.abs(mean) < 0.02 * limit);
  });

  it('Xavier uniform of a patch embedding is that of the linear map it stands for', () => {
    const { largest } = momentsOf(draw(spec('w', 'xavier-uniform', 48, 3, 2, 8, 8)));
    const limit = Math.sqrt(6 / (48 + 384));
    assert.ok(largest <= limit && largest > 0.99 * limit);
  });

  it('Kaiming fan-out of a convolution is normal with variance 2 / (out · kh · kw)', () => {
    const values = draw(spec('w', 'kaiming-fan-out', 64, 32, 3, 3));
    const { mean, deviation, largest } = momentsOf(values);
    const expected = Math.sqrt(2 / (64 * 9));
    near(deviation, expected, 0.02);
    assert.ok(Math.abs(mean) < 0.02 * expected);
    // A normal, not a uniform: 18,432 values leave three deviations, and 68 % stay within one.
    assert.ok(largest > 3 * expected);
    near(values.filter((value) => Math.abs(value) < expected).length / values.length, 0.6827, 0.02);
  });

  it('tokens are normal with deviation 0.02', () => {
    near(momentsOf(draw(spec('t', 'normal-0.02', 1, 1, 20000))).deviation, 0.02, 0.02);
  });

  it('of one name do not depend on the others', () => {
    const one = spec('one', 'xavier-uniform', 4, 4);
    const all = initialWeights([spec('two', 'normal-0.02', 9), one], streamFor);
    assert.deepEqual(all.get('one'), draw(one));
    assert.notDeepEqual(draw({ ...one, name: 'two' }), draw(one));
  });

  it('stay finite for any draw in [0, 1)', () => {
    for (const value of [0, 1 - 2 ** -53])
      for (const init of ['xavier-uniform', 'kaiming-fan-out', 'normal-0.02'] as const) {
        const weights = initialWeights([spec('w', init, 2, 2)], () => () => value).get('w')!;
        assert.ok(weights.every(Number.isFinite));
      }
  });
});
