import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Spread } from '../../../pipeline/preprocess/spread.js';

function spread(length: number, count: number): number[] {
  const spread = new Spread<number>(count);
  for (let i = 0; i < length; i++) spread.add(i);
  return spread.items();
}

describe('a spread of items', () => {
  it('has as many as are wanted, or all, in their order, no two the same', () => {
    fc.assert(
      fc.property(fc.nat({ max: 5000 }), fc.integer({ min: 1, max: 40 }), (length, count) => {
        const items = spread(length, count);
        assert.equal(items.length, Math.min(length, count));
        items.forEach((item, i) => {
          assert.ok(item < length && (i === 0 || item > items[i - 1]!));
        });
      }),
    );
  });

  it('reaches over the whole list, without large gaps', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 40 }),
        (length, count) => {
          // prettier-ignore
          const places = [-1, ...spread(length, count), length];
          const gap = Math.max(...places.slice(1).map((place, i) => place - places[i]!));
          assert.ok(gap <= Math.ceil((3 * length) / count) + 1, `a gap of ${gap}`);
        },
      ),
    );
  });
});
