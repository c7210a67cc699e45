import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cp, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from '../../../cache/reader.js';
import { readTrees } from '../../../cache/shard/tree.js';
import { expectSamples, flip, put, range, useVerifiedCache, verify } from './support.js';

describe('what verification saves of damaged shards', function () {
  this.timeout(60_000);
  const { folder, cache, shard, rowOf } = useVerifiedCache();

  it('puts a shard aside of which nothing is left', async () => {
    for (const number of [6, 7, 8]) await flip(shard(1), (await rowOf(number)).recordAt + 9);
    const { dropped } = await verify(cache(), { drop: true });
    assert.equal(dropped, 3);
    await expectSamples(cache(), range(0, 6));
    assert.deepEqual(
      (await readdir(join(cache(), 'shards'))).filter((name) => name.includes('00001')),
      ['shard-00001.lmdb.damaged'],
    );
    await put(cache(), range(0, 9));
    await expectSamples(cache(), range(0, 9));
  });

  it('goes on where a shard is missing, a folder, empty, or another file', async () => {
    const ruin: Record<string, () => Promise<void>> = {
      'is missing': () => rename(shard(1), join(folder(), 'elsewhere')),
      'it is not a file': async () => {
        await rename(shard(1), join(folder(), 'elsewhere'));
        await mkdir(shard(1));
      },
      'has 0 bytes': () => truncate(shard(1), 0),
      'the manifest says': () => writeFile(shard(1), 'a note to myself'),
    };
    const whole = join(folder(), 'whole');
    await cp(cache(), whole, { recursive: true });
    for (const [message, damage] of Object.entries(ruin)) {
      await damage();
      const { good, files, bad, missing } = await verify(cache());
      assert.equal(good, 6, message);
      assert.equal(bad + missing, 3, message);
      assert.match(files[0]?.problem ?? '', new RegExp(message));
      assert.equal((await verify(cache(), { drop: true })).dropped, 3, message);
      await expectSamples(cache(), range(0, 6));
      await rm(cache(), { recursive: true });
      await cp(whole, cache(), { recursive: true });
    }
  });

  it('keeps what is whole of a shard that was cut off', async () => {
    const rows = await Promise.all(range(0, 6).map(rowOf));
    const ends = rows.map(({ recordAt, recordBytes, headerAt, headerBytes }) =>
      Math.max(recordAt + recordBytes, headerAt + headerBytes),
    );
    const cut = [...ends].sort((a, b) => a - b)[3]!;
    await truncate(shard(0), cut);
    const left = range(0, 9).filter((number) => number > 5 || ends[number]! <= cut);
    assert.equal(left.length, 7);
    const { good, bad, files } = await verify(cache(), { drop: true });
    assert.deepEqual([good, bad, files.length], [7, 2, 1]);
    await expectSamples(cache(), left);
  });

  it('makes a damaged index again, the same byte for byte', async () => {
    const index = join(cache(), 'shards/shard-00000.index.json');
    const text = await readFile(index, 'utf8');
    for (const damage of [() => flip(index, 40), () => rm(index), () => writeFile(index, '')]) {
      await damage();
      const { good, bad, files } = await verify(cache(), { drop: true });
      assert.deepEqual([good, bad], [9, 0]);
      assert.match(files[0]?.problem ?? '', /index\.json (is damaged|cannot be read)/);
      assert.equal(await readFile(index, 'utf8'), text);
      await expectSamples(cache(), range(0, 9));
    }
  });

  it('saves what is good of a shard that was never sealed', async () => {
    await put(cache(), [20, 21, 22], false);
    await flip(shard(2), readTrees(shard(2)).headers.get('key-21')!.offset + 30);
    await assert.rejects(openCache(cache()), /shard-00002\.lmdb is damaged.*key-21.*--drop/);
    const { keys, good } = await verify(cache(), { drop: true });
    assert.deepEqual([keys, good], [['key-21'], 11]);
    await expectSamples(cache(), [...range(0, 9), 20, 22]);
  });

  it('moves a foreign file in the place of an unsealed shard aside', async () => {
    await writeFile(shard(4), 'a note to myself');
    await assert.rejects(openCache(cache()), /it is not an LMDB file/);
    const { good, files } = await verify(cache(), { drop: true });
    assert.deepEqual([good, files[0]?.file], [9, 'shards/shard-00004.lmdb']);
    assert.equal(await readFile(`${shard(4)}.damaged`, 'utf8'), 'a note to myself');
    await expectSamples(cache(), range(0, 9));
  });

  it('keeps the statistics exact, whatever is added and dropped', async () => {
    const numbers = fc.array(fc.integer({ min: 10, max: 30 }), { minLength: 1, maxLength: 5 });
    const steps = fc.array(fc.record({ add: numbers, drop: numbers }), {
      minLength: 1,
      maxLength: 3,
    });
    let round = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const own = join(folder(), `property-${round++}`);
        const there = new Set<number>();
        for (const { add, drop } of plan) {
          await put(own, add);
          for (const number of add) there.add(number);
          const reader = await openCache(own);
          for (const number of new Set(drop)) {
            const index = reader.find(`key-${number}`);
            if (index === undefined) continue;
            const { path, offset } = reader.recordPlace(index)!;
            await flip(path, offset + 200);
            there.delete(number);
          }
          await reader.close();
          await verify(own, { drop: true, jobs: 1 });
          await expectSamples(own, [...there]);
        }
      }),
      { numRuns: process.env['AVME_LONG'] === '1' ? 60 : 4 },
    );
  });
});
