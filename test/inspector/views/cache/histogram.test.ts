import assert from 'node:assert/strict';
import fc from 'fast-check';
import { countValues, histogram } from '../../../../inspector/views/cache/histogram.js';

describe('histograms', () => {
  it('show few values one by one', () => {
    const { bins, least, median, most } = histogram([25, 29.97, 25, 25.001, NaN]);
    assert.deepEqual(bins, [
      { from: 25, to: 25, count: 3 },
      { from: 29.97, to: 29.97, count: 1 },
    ]);
    assert.deepEqual([least, median, most], [25, 25, 29.97]);
  });
  it('of nothing are empty', () => {
    assert.deepEqual(histogram([]), { bins: [], least: 0, median: 0, most: 0 });
  });
  it('count every value once, in bins with round edges that follow each other', () => {
    const value = fc.double({ min: 0, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 200 }), (values) => {
        const { bins } = histogram(values);
        assert.equal(bins.reduce((sum, { count }) => sum + count, 0), values.length); // prettier-ignore
        assert.ok(bins.length <= 18);
        for (const value of values) {
          const rounded = Math.round(value * 100) / 100;
          assert.ok(bins.some(({ from, to }) => from <= rounded + 1e-9 && rounded <= to + 1e-9));
        }
        bins.slice(1).forEach(({ from }, i) => { if (bins[i]!.from !== bins[i]!.to) assert.equal(from, bins[i]!.to); }); // prettier-ignore
      }),
    );
  });
  it('values are counted, the most frequent first', () => {
    assert.deepEqual(countValues(['b', 'a', 'c', 'b', 'a']), [
      ['a', 2],
      ['b', 2],
      ['c', 1],
    ]);
  });
});
