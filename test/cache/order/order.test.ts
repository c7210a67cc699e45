import assert from 'node:assert/strict';
import fc from 'fast-check';
import { epochOrder, placeInEpoch } from '../../../cache/order/order.js';

const counts = fc.integer({ min: 1, max: 500 });
const seeds = fc.nat();

function wholeOrder(n: number, seed: number, epoch: number): number[] {
  const order = epochOrder(n, seed, epoch);
  return Array.from({ length: n }, (_, position) => order(position));
}

describe('sample order', () => {
  it('has each sample once in each epoch', () => {
    fc.assert(
      fc.property(counts, seeds, fc.nat(1000), (n, seed, epoch) => {
        const sorted = wholeOrder(n, seed, epoch).sort((a, b) => a - b);
        assert.deepEqual(
          sorted,
          Array.from({ length: n }, (_, i) => i),
        );
      }),
    );
  });

  it('is a function of seed, epoch and position alone', () => {
    fc.assert(
      fc.property(counts, seeds, fc.nat(1000), fc.nat(), (n, seed, epoch, at) => {
        assert.equal(epochOrder(n, seed, epoch)(at % n), wholeOrder(n, seed, epoch)[at % n]);
      }),
    );
  });

  it('is another one in another epoch and for another seed', () => {
    assert.notDeepEqual(wholeOrder(100, 1, 0), wholeOrder(100, 1, 1));
    assert.notDeepEqual(wholeOrder(100, 1, 0), wholeOrder(100, 2, 0));
  });

  it('has not changed: resumed runs rely on it', () => {
    assert.deepEqual(wholeOrder(10, 42, 3), [7, 3, 9, 5, 6, 8, 2, 1, 4, 0]);
  });

  it('works at the largest count', () => {
    const n = 2 ** 31 - 1;
    const order = epochOrder(n, 1, 0);
    const drawn = new Set(Array.from({ length: 1000 }, (_, i) => order(n - 1 - i)));
    assert.equal(drawn.size, 1000);
    assert.ok([...drawn].every((sample) => Number.isInteger(sample) && sample >= 0 && sample < n));
  });

  it('puts every sample everywhere equally often', () => {
    const [n, epochs] = [7, 7000];
    const seen = Array.from({ length: n * n }, () => 0);
    for (let epoch = 0; epoch < epochs; epoch++)
      wholeOrder(n, 5, epoch).forEach((sample, position) => seen[position * n + sample]!++);
    // 36 degrees of freedom: a uniform order exceeds 80 once in 30,000 seeds, and the seed is fixed.
    const expected = epochs / n;
    const chiSquare = seen.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    assert.ok(chiSquare < 80, `χ² = ${chiSquare}`);
  });

  it('shows nearly every permutation of four samples equally often', () => {
    const seen = new Map<string, number>();
    for (let epoch = 0; epoch < 4800; epoch++) {
      const name = wholeOrder(4, 9, epoch).join();
      seen.set(name, (seen.get(name) ?? 0) + 1);
    }
    assert.equal(seen.size, 24);
    const chiSquare = [...seen.values()].reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
    assert.ok(chiSquare < 60, `χ² = ${chiSquare}`);
  });

  it('finds epoch and position of a place in the endless sequence', () => {
    fc.assert(
      fc.property(counts, fc.nat(10_000), (n, place) => {
        const { epoch, position } = placeInEpoch(n, place);
        assert.equal(epoch * n + position, place);
        assert.ok(position >= 0 && position < n);
      }),
    );
  });

  it('refuses what is no place in it', () => {
    assert.throws(() => epochOrder(0, 1, 0), /got 0 samples/);
    assert.throws(() => epochOrder(5, 1, 0)(5), /position 5 in an epoch of 5/);
    assert.throws(() => epochOrder(5, 1, 0)(-1), RangeError);
  });
});
