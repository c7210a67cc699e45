import assert from 'node:assert/strict';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processSpace } from '../../../cache/folder/lock.js';
import { readManifest } from '../../../cache/manifest/manifest.js';
import { mergeCaches } from '../../../cache/merge/merge.js';
import { beginPart, endPart, partFolder } from '../../../cache/merge/parts.js';
import { Quarantine } from '../../../cache/quarantine.js';
import { openCacheWriter } from '../../../cache/writer.js';
import { makeSample, OPTIONS, useFolder } from '../support.js';
import { begin, commit, contentOf, failed, put } from './support.js';

describe('a part of an earlier avme', function () {
  this.timeout(60_000);
  const folder = useFolder();
  const cache = () => join(folder(), 'cache');
  const part = () => join(cache(), partFolder({ index: 0, count: 1 }));
  const lockOf = (host: string) => JSON.stringify({ pid: 2 ** 22 + 1, host, started: '', id: 'x' });

  /** What it did: one writer, in the folder of the part. */
  async function earlier(end: 'finished' | 'stopped' | 'killed') {
    await mkdir(part(), { recursive: true });
    const writer = await openCacheWriter(part(), OPTIONS);
    await beginPart(part());
    for (let i = 0; i < 4; i++) await writer.put(makeSample(i));
    const quarantine = await Quarantine.open(part());
    await quarantine.add(failed('bad'));
    await quarantine.close();
    if (end === 'killed') await writer.close();
    else await writer.seal();
    if (end === 'finished') await endPart(part());
  }

  async function rerun(from: number, to: number) {
    const run = await begin(part());
    const written = await put(run, from, to);
    return { written, outcome: await commit(run) };
  }

  async function joined() {
    const { quarantined } = await mergeCaches(cache(), [part()]);
    assert.equal(quarantined, 1);
    return (await contentOf(cache())).samples.size;
  }

  it('that is finished stays as it is, and can be added to', async () => {
    await earlier('finished');
    assert.equal(await joined(), 4);
    assert.deepEqual(await rerun(0, 4), { written: 0, outcome: 'unchanged' });
    assert.equal((await readManifest(part()))?.attempt, undefined);
    assert.deepEqual(await rerun(0, 6), { written: 2, outcome: 'committed' });
    assert.equal(await joined(), 6);
    assert.equal((await contentOf(part())).samples.size, 6);
  });

  for (const end of ['stopped', 'killed'] as const)
    it(`that was ${end} is gone on with`, async () => {
      await earlier(end);
      await assert.rejects(joined(), /is not finished/);
      assert.deepEqual(await rerun(0, 6), { written: 2, outcome: 'committed' });
      assert.equal(await joined(), 6);
      await assert.rejects(access(join(part(), 'unfinished')));
    });

  it('whose writer was killed here is gone on with', async () => {
    await earlier('killed');
    await writeFile(join(part(), 'writer.lock'), lockOf(await processSpace()));
    assert.equal((await rerun(0, 6)).outcome, 'committed');
    assert.equal(await joined(), 6);
  });

  it('whose writer was killed elsewhere, or still runs, blocks nobody', async () => {
    await earlier('killed');
    await writeFile(join(part(), 'writer.lock'), lockOf('elsewhere'));
    // What is not sealed may be written at this moment.
    assert.deepEqual(await rerun(0, 6), { written: 6, outcome: 'committed' });
    assert.equal(await joined(), 6);
  });
});
