import assert from 'node:assert/strict';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from '../../cache/reader.js';
import { samplesOf } from '../cache/support.js';
import { flip, put, range, useVerifiedCache, verify } from '../pipeline/verify/support.js';
import { avme, refused } from '../support/cli.js';

describe('avme verify', function () {
  this.timeout(120_000);
  const { folder, cache, rowOf, shard } = useVerifiedCache();

  it('ends with 0 for a good cache, and 1 for a bad one until that is dropped', async () => {
    const good = await avme(['verify', cache(), '--jobs', '1']);
    assert.equal(good.code, 0, good.stderr);
    assert.match(good.stdout, /9 samples in 2 shards[^]*done: 9 samples good, 0 bad/);
    await flip(shard(0), (await rowOf(3)).recordAt + 500);
    const bad = await avme(['verify', cache(), '--jobs', '1']);
    assert.equal(bad.code, 1);
    assert.match(
      bad.stdout,
      /bad: class-0\/3\.mp4, clip 1 \(key key-3\) in shards\/shard-00000\.lmdb: [^]*8 samples good, 1 bad[^]*--drop/,
    );
    const { events } = await avme(['verify', cache(), '--json', '--deep']);
    assert.deepEqual(
      new Set(events.map(({ event }) => event)),
      new Set(['start', 'bad', 'progress', 'done']),
    );
    const dropped = await avme(['verify', cache(), '--drop']);
    assert.equal(dropped.code, 0, dropped.stderr);
    assert.match(dropped.stdout, /1 samples dropped; run avme preprocess again/);
    assert.equal((await avme(['verify', cache()])).code, 0);
  });

  it('says what it cannot verify', async () => {
    await refused(['verify', join(folder(), 'nothing')], 1, /there is no folder .*nothing/);
    await refused(['verify', folder()], 1, /not an avme cache: it has no manifest\.json/);
    await refused(['verify', cache(), '--jobs', '0'], 2, /--jobs: got "0"; must be 1 or more/);
    await writeFile(join(cache(), 'manifest.json'), '{"format":"avme-cache"');
    await refused(['verify', cache()], 1, /manifest\.json is damaged .*restore it from a copy/);
  });

  it('ends with 130 on Ctrl-C, and drops nothing then', async () => {
    await put(cache(), range(9, 700));
    const manifest = await readFile(join(cache(), 'manifest.json'));
    await flip(shard(0), (await rowOf(3)).recordAt + 500);
    // The first line says what there is; the threads have yet to start.
    const args = ['verify', cache(), '--drop', '--jobs', '1', '--json'];
    const { code, events } = await avme(args, { kill: { signal: 'SIGINT', afterLines: 1 } });
    assert.equal(code, 130);
    assert.equal(events.at(-1)?.['interrupted'], true);
    assert.deepEqual(await readFile(join(cache(), 'manifest.json')), manifest);
  });

  it('killed while it drops, leaves a cache that can be read or dropped from again', async () => {
    await flip(shard(0), (await rowOf(3)).recordAt + 500);
    for (const number of [6, 7, 8]) await flip(shard(1), (await rowOf(number)).recordAt + 9);
    const damaged = join(folder(), 'damaged');
    await cp(cache(), damaged, { recursive: true });
    const killed: (number | null)[] = [];
    for (let round = 0; round < (process.env['AVME_LONG'] === '1' ? 60 : 4); round++) {
      const args = ['verify', cache(), '--drop', '--jobs', '1', '--json'];
      const { code } = await avme(args, {
        onStart(child) {
          // The last chunk of the two is in: now it drops.
          child.stdout?.on('data', (text: Buffer) => {
            if (text.includes('"done":9,')) setTimeout(() => child.kill('SIGKILL'), round % 4);
          });
        },
      });
      killed.push(code);
      await verify(cache(), { drop: true });
      const reader = await openCache(cache());
      assert.deepEqual(
        [...samplesOf(reader).keys()].sort(),
        [0, 1, 2, 4, 5].map((number) => `key-${number}`),
      );
      await reader.close();
      await rm(cache(), { recursive: true });
      await cp(damaged, cache(), { recursive: true });
    }
    assert.ok(killed.includes(null), 'none was killed in time');
  });
});
