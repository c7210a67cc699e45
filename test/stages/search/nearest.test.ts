import assert from 'node:assert/strict';
import fc from 'fast-check';
import { meanDirection, NearestNeighbours, unit } from '../../../stages/search/nearest.js';

const WIDTH = 3;
// Whole numbers: equal vectors are common, and cosines far enough apart otherwise.
const vector = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: WIDTH, maxLength: WIDTH });

describe('nearest neighbours', () => {
  it('are those that sorting all cosines gives, however the collection is cut into blocks', () => {
    fc.assert(
      fc.property(
        vector,
        fc.array(vector, { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.nat(30), { maxLength: 3 }),
        (query, all, count, block, skip) => {
          const cosine = (other: number[]) => {
            const dot = query.reduce((sum, value, i) => sum + value * other[i]!, 0);
            const lengths = Math.hypot(...query) * Math.hypot(...other);
            return lengths === 0 ? 0 : dot / lengths;
          };
          const nearest = new NearestNeighbours(Float32Array.from(query), count, new Set(skip));
          for (let i = 0; i < all.length; i += block)
            nearest.add(Float32Array.from(all.slice(i, i + block).flat()));
          const expected = all
            .map((other, index) => ({ index, similarity: cosine(other) }))
            .filter(({ index }) => !skip.includes(index))
            .sort((a, b) => b.similarity - a.similarity)
            .slice(0, count);
          assert.equal(nearest.result.length, expected.length);
          nearest.result.forEach(({ index, similarity }, i) => {
            assert.ok(!skip.includes(index));
            // Of equals any may come first, by rounding; the cosines are the same.
            assert.ok(Math.abs(similarity - expected[i]!.similarity) < 1e-6);
            assert.ok(Math.abs(similarity - cosine(all[index]!)) < 1e-6);
          });
          assert.equal(new Set(nearest.result.map(({ index }) => index)).size, expected.length);
        },
      ),
    );
  });

  it('of equals, the first come first', () => {
    const nearest = new NearestNeighbours(Float32Array.of(1, 0), 2);
    nearest.add(Float32Array.of(0, 1, 2, 0, 1, 0, 3, 0));
    assert.deepEqual(nearest.result, [
      { index: 1, similarity: 1 },
      { index: 2, similarity: 1 },
    ]);
  });
});

describe('directions', () => {
  it('have length 1, but for zeros', () => {
    assert.deepEqual([...unit(Float32Array.of(3, 0, 4))].map((value) => value.toFixed(6)), ['0.600000', '0.000000', '0.800000']); // prettier-ignore
    assert.deepEqual([...unit(Float32Array.of(0, 0))], [0, 0]);
  });

  it('have a mean in which every vector counts alike, whatever its length', () => {
    const mean = meanDirection([Float32Array.of(10, 0), Float32Array.of(0, 0.1)]);
    assert.ok(Math.abs(mean[0]! - Math.SQRT1_2) < 1e-6 && Math.abs(mean[1]! - Math.SQRT1_2) < 1e-6); // prettier-ignore
  });
});
