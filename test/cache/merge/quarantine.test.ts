import assert from 'node:assert/strict';
import { join } from 'node:path';
import { mergeCaches } from '../../../cache/merge/merge.js';
import { partFolder } from '../../../cache/merge/parts.js';
import {
  readQuarantine,
  type QuarantineRecord,
  writeQuarantine,
} from '../../../cache/quarantine.js';
import { joinQuarantines } from '../../../cache/merge/quarantine.js';
import { put } from '../../pipeline/verify/support.js';
import { useFolder } from '../support.js';

describe('quarantines of parts', () => {
  const folder = useFolder();
  const record = (id: string, time: number, cause = 'c'): QuarantineRecord => ({
    ...{ path: `/v/${id}`, id, stage: 'index', cause, detail: '', contentHash: null },
    time: new Date(time).toISOString(),
  });
  const ids = (records: readonly QuarantineRecord[]) => records.map(({ id, cause }) => `${id}:${cause}`).sort(); // prettier-ignore

  it('are joined; what the other side has made since is out', () => {
    const own = [record('both', 1, 'old'), record('own', 1), record('remade', 1)];
    const parts = [record('both', 2, 'new'), record('part', 2), record('made', 2)];
    const joined = joinQuarantines(
      { records: own, made: new Set(['made', 'own']) },
      { records: parts, made: new Set(['remade', 'part']) },
    );
    assert.deepEqual(ids(joined), ['both:new', 'own:c', 'part:c']);
  });

  it('come with the parts, once, and go when a part has got its video after all', async () => {
    const whole = join(folder(), 'whole');
    const parts = [0, 1].map((index) => join(whole, partFolder({ index, count: 2 })));
    await put(parts[0]!, [0]);
    await put(parts[1]!, [1]);
    await writeQuarantine(parts[0]!, [record('x', 1), record('class-2/2.mp4', 1)]);
    await writeQuarantine(parts[1]!, [record('y', 1)]);
    for (let i = 0; i < 2; i++) assert.equal((await mergeCaches(whole, parts)).quarantined, 3);
    await put(parts[0]!, [2]);
    await writeQuarantine(parts[0]!, [record('x', 1)]);
    await mergeCaches(whole, parts);
    assert.deepEqual(ids(await readQuarantine(whole)), ['x:c', 'y:c']);
  });
});
