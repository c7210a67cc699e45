import assert from 'node:assert/strict';
import fc from 'fast-check';
import { accuracyOf, ranking, ViewMean } from '../../../stages/evaluate/scores.js';

describe('scores', () => {
  it('are the mean over a video’s views, whatever order they come in', () => {
    const views = [
      ['a', 0, [0.6, 0.3, 0.1]],
      ['b', 1, [0.2, 0.2, 0.6]],
      ['a', 0, [0.1, 0.8, 0.1]],
    ] as const;
    const mean = (order: readonly (typeof views)[number][]) => {
      const sum = new ViewMean();
      for (const [id, label, p] of order) sum.add(id, label, p);
      return new Map(sum.predictions().map((one) => [one.id, one]));
    };
    const found = mean(views);
    assert.deepEqual([...found.keys()], ['a', 'b']);
    assert.equal(found.get('a')!.views, 2);
    [0.35, 0.55, 0.1].forEach((value, i) => {
      assert.ok(Math.abs(found.get('a')!.probabilities[i]! - value) < 1e-6);
    });
    assert.deepEqual(mean(views.toReversed()).get('a'), found.get('a'));
  });

  it('count what was first, among the first five, and taken for what', () => {
    const prediction = (id: string, label: number, best: number, second: number) => ({
      id,
      label,
      views: 1,
      probabilities: Float32Array.from({ length: 7 }, (_, i) =>
        i === best ? 0.5 : i === second ? 0.2 : 0.3 / (5 + i),
      ),
    });
    const result = accuracyOf(
      [prediction('a', 0, 0, 1), prediction('b', 0, 2, 0), prediction('c', 2, 2, 0), prediction('d', 6, 1, 0)],
      7,
    ); // prettier-ignore
    assert.equal(result.top1, 0.5);
    // Class 6 has the smallest probability of all: not among the first five.
    assert.equal(result.top5, 0.75);
    assert.deepEqual(result.perClass, [0.5, null, 1, null, null, null, 0]);
    assert.equal(result.meanClass, 0.5);
    assert.deepEqual(result.confusion[0], [1, 0, 1, 0, 0, 0, 0]);
    assert.throws(() => accuracyOf([], 3), /no prediction/);
  });

  it('a ranking is a permutation that never rises', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true }), { minLength: 1 }), (values) => {
        const order = ranking(values);
        assert.deepEqual(order.toSorted((a, b) => a - b), values.map((_, i) => i)); // prettier-ignore
        for (let i = 1; i < order.length; i++) assert.ok(values[order[i - 1]!]! >= values[order[i]!]!); // prettier-ignore
      }),
    );
  });
});
