import assert from 'node:assert/strict';
import { positionTable } from '../../../model/layers/position.js';
import { readGolden, relativeError } from '../../support/golden.js';

describe('position table', () => {
  it('is the original’s', async () => {
    const golden = await readGolden('sinusoid-table');
    const { data } = golden.array('table_1568x48');
    assert.ok(relativeError(positionTable(1568, 48), data) < 1e-6);
  });

  it('tells all positions of a clip apart', () => {
    const table = positionTable(1568, 24);
    const rows = new Set(
      Array.from({ length: 1568 }, (_, i) => table.subarray(i * 24, (i + 1) * 24).join()),
    );
    assert.equal(rows.size, 1568);
  });
});
