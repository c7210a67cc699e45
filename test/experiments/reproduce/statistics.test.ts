import assert from 'node:assert/strict';
import fc from 'fast-check';
import { gapsOf, isAbove, isGone, spreadOf } from '../../../experiments/reproduce/statistics.js';

const seeds = (...values: number[]) => new Map(values.map((value, seed) => [seed, value]));
const measure = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 5 });
const two = measure.chain((a) => fc.tuple(fc.constant(a), fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: a.length, maxLength: a.length }))); // prettier-ignore

describe('statistics over seeds', () => {
  it('mean and sample deviation are those of the textbook', () => {
    const { mean, deviation } = spreadOf([2, 4, 4, 4, 5, 5, 7, 9]);
    assert.equal(mean, 5);
    assert.ok(Math.abs((deviation ?? 0) - Math.sqrt(32 / 7)) < 1e-12);
    assert.equal(spreadOf([3]).deviation, null);
    assert.throws(() => spreadOf([]), /nothing/);
  });

  it('gaps are taken seed by seed', () => {
    assert.deepEqual(gapsOf(new Map([[0, 5], [2, 7]]), new Map([[2, 4], [1, 1]])), [3]); // prettier-ignore
  });

  it('a verdict turns about with its sides, and does not change where both move alike', () => {
    const turned = { holds: 'does not hold', 'does not hold': 'holds', 'not decided': 'not decided', 'not run': 'not run' }; // prettier-ignore
    fc.assert(
      fc.property(two, fc.integer({ min: -500, max: 500 }), ([a, b], shift) => {
        const verdict = isAbove(seeds(...a), seeds(...b));
        assert.equal(isAbove(seeds(...b), seeds(...a)), turned[verdict]);
        const moved = (values: number[]) => seeds(...values.map((value) => value + shift));
        assert.equal(isAbove(moved(a), moved(b)), verdict);
      }),
    );
  });

  it('one seed decides nothing, nor do seeds that disagree, nor gaps within the deviation', () => {
    assert.equal(isAbove(seeds(100), seeds(0)), 'not decided');
    assert.equal(isAbove(seeds(10, 10, -1), seeds(0, 0, 0)), 'not decided');
    assert.equal(isAbove(seeds(1, 9), seeds(0, 0)), 'not decided');
    // A gap that is always the same, but small beside what seeds make of either side.
    assert.equal(isAbove(seeds(101, 1), seeds(100, 0)), 'not decided');
    assert.equal(isAbove(seeds(10, 11, 12), seeds(0, 1, 0)), 'holds');
    assert.equal(isAbove(seeds(10, 11), new Map([[7, 1]])), 'not run');
  });

  it('an advantage is gone where a quarter or less is left, and can go only where there was one', () => {
    const [system, base] = [seeds(10, 11, 10), seeds(0, 1, 0)];
    assert.equal(isGone(system, seeds(1, 3, 1), base), 'holds');
    assert.equal(isGone(system, seeds(-3, -2, -3), base), 'holds');
    assert.equal(isGone(system, seeds(8, 9, 8), base), 'does not hold');
    assert.equal(isGone(system, seeds(-5, 16, 0), base), 'not decided');
    assert.equal(isGone(seeds(0, 1, 0), seeds(0, 1, 0), base), 'not decided');
    assert.equal(isGone(system, new Map(), base), 'not run');
    assert.equal(isGone(seeds(10), seeds(0), seeds(0)), 'not decided');
  });
});
