import assert from 'node:assert/strict';
import fc from 'fast-check';
import { keyTable, lowerBound, samplesWith } from '../../../cache/catalogue/key-table.js';

// Few values, and such that share their first 16 bits: most meet in one bucket.
const hashes = fc.array(
  fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 9n), fc.constantFrom(2n ** 64n - 1n, 7n)),
);

describe('the table of keys', () => {
  it('finds all samples of a hash, in ascending order', () => {
    fc.assert(
      fc.property(hashes, fc.bigInt(0n, 12n), (list, other) => {
        const table = keyTable(BigUint64Array.from(list));
        assert.deepEqual(
          [...table.hashes],
          [...list].sort((a, b) => (a < b ? -1 : 1)),
        );
        for (const hash of [...list, other]) {
          const expected = list.flatMap((value, i) => (value === hash ? [i] : []));
          assert.deepEqual([...samplesWith(table, hash)], expected);
        }
      }),
    );
  });

  it('has a lower bound', () => {
    fc.assert(
      fc.property(hashes, fc.bigInt(0n, 12n), (list, value) => {
        const { hashes: sorted } = keyTable(BigUint64Array.from(list));
        assert.equal(lowerBound(sorted, value), list.filter((one) => one < value).length);
      }),
    );
  });
});
