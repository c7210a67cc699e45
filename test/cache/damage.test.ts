import assert from 'node:assert/strict';
import { copyFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from '../../cache/reader.js';
import { openCacheWriter } from '../../cache/writer.js';
import { cacheIdentity, readManifest } from '../../cache/manifest/manifest.js';
import { openShardFile } from '../../cache/shard/open.js';
import { readWhatGoes, withFlip } from './damage-support.js';
import { makeSample, OPTIONS, SHAPE, useFolder } from './support.js';

const LARGE = { ...SHAPE, size: 40, storeSize: 40 };
const IDENTITY = cacheIdentity(OPTIONS.configuration, OPTIONS.tools, SHAPE);
const SHARD = 'shards/shard-00000.lmdb';

describe('damaged caches', () => {
  const folder = useFolder();

  async function write(count: number, shape = SHAPE, name = '.', from = 0): Promise<string> {
    const cache = join(folder(), name);
    const writer = await openCacheWriter(cache, { ...OPTIONS, shape });
    for (let i = from; i < from + count; i++) await writer.put(makeSample(i, shape));
    await writer.seal();
    return cache;
  }

  it('give every sample although the pages of LMDB around them are wrong', async function () {
    this.timeout(60_000);
    const cache = await write(60);
    const path = join(cache, SHARD);
    const whole = await readFile(path);
    const { rows } = openShardFile(path, (await readManifest(cache))!.shards[0]!, IDENTITY);
    // All that is not part of a record or a header is overwritten at once.
    const noise = Buffer.alloc(whole.length, 0xa5);
    for (const { recordAt, recordBytes, headerAt, headerBytes } of rows) {
      whole.copy(noise, recordAt, recordAt, recordAt + recordBytes);
      whole.copy(noise, headerAt, headerAt, headerAt + headerBytes);
    }
    assert.ok(noise.subarray(0, 8192).every((byte) => byte === 0xa5));
    await writeFile(path, noise);
    const { good } = await readWhatGoes(cache);
    assert.equal(good.length, 60);
    for (const sample of good)
      assert.deepEqual(sample, makeSample(Number(sample.header.key.slice(4))));
  });

  it('name the sample and the shard of a damaged record', async () => {
    const cache = await write(3, LARGE);
    const path = join(cache, SHARD);
    const at = (await readFile(path)).indexOf(makeSample(1, LARGE).frames) + 1000;
    await withFlip(path, at, async () => {
      const reader = await openCache(cache);
      assert.throws(
        () => reader.sample(reader.find('key-1')!),
        /sample 1 \(class-1\/1\.mp4, clip 1, key key-1\) in shards\/shard-00000\.lmdb: .*checksum does not match/,
      );
      assert.deepEqual(reader.sample(reader.find('key-2')!), makeSample(2, LARGE));
      await reader.close();
    });
  });

  it('are refused when a shard is truncated anywhere, sealed or not', async () => {
    const cache = await write(4, LARGE);
    const path = join(cache, SHARD);
    const whole = await readFile(path);
    const unsealed = join(folder(), 'unsealed');
    const writer = await openCacheWriter(unsealed, { ...OPTIONS, shape: LARGE });
    for (let i = 0; i < 4; i++) await writer.put(makeSample(i, LARGE));
    await writer.close();
    const other = await readFile(join(unsealed, SHARD));
    for (let share = 0.02; share < 1; share += 0.07) {
      await truncate(path, Math.floor(whole.length * share));
      await assert.rejects(openCache(cache), /has \d+ bytes, the manifest says \d+; restore/);
      await writeFile(path, whole);
      await truncate(join(unsealed, SHARD), Math.floor(other.length * share));
      await assert.rejects(openCache(unsealed), /shard-00000\.lmdb (is damaged|cannot be opened)/);
      await assert.rejects(
        openCacheWriter(unsealed, { ...OPTIONS, shape: LARGE }),
        /shard-00000\.lmdb (is damaged|cannot be opened)/,
      );
      await writeFile(join(unsealed, SHARD), other);
    }
    assert.equal((await readWhatGoes(unsealed)).good.length, 4);
  });

  it('are refused when a shard is missing, or not a shard', async () => {
    const cache = await write(2);
    await rename(join(cache, SHARD), join(folder(), 'elsewhere'));
    await assert.rejects(
      openCache(cache),
      /shard-00000\.lmdb is missing, but the manifest lists it/,
    );
    await assert.rejects(openCacheWriter(cache, OPTIONS), /is missing/);
    await rename(join(folder(), 'elsewhere'), join(cache, SHARD));
    await writeFile(join(cache, 'shards/shard-00001.lmdb'), 'a note to myself');
    await assert.rejects(openCache(cache), /shard-00001\.lmdb is damaged: it is not an LMDB file/);
    await rm(join(cache, 'shards/shard-00001.lmdb'));
    assert.equal((await readWhatGoes(cache)).good.length, 2);
  });

  it('are refused when manifest and shards belong to different caches', async () => {
    const cache = await write(3, SHAPE, 'a');
    const same = await write(3, SHAPE, 'b', 10);
    const other = join(folder(), 'c');
    const writer = await openCacheWriter(other, { ...OPTIONS, tools: { ffmpeg: '4' } });
    await writer.put(makeSample(1));
    await writer.close();
    // A shard of a cache of the same settings has another content; one of others, another fingerprint.
    await copyFile(join(cache, 'manifest.json'), join(same, 'manifest.json'));
    await assert.rejects(
      openCache(same),
      /shard-00000\.(lmdb|index\.json) (is damaged, or belongs|has \d+ bytes)/,
    );
    await copyFile(join(other, SHARD), join(cache, 'shards/shard-00007.lmdb'));
    await assert.rejects(openCache(cache), /shard-00007\.lmdb belongs to another cache/);
    await assert.rejects(openCacheWriter(cache, OPTIONS), /belongs to another cache/);
  });

  it('go on after a kill in the first moment of a shard', async () => {
    const cache = await write(2);
    await writeFile(join(cache, 'shards/shard-00001.lmdb'), '');
    assert.equal((await readWhatGoes(cache)).good.length, 2);
    const writer = await openCacheWriter(cache, OPTIONS);
    await writer.put(makeSample(5));
    assert.equal((await writer.seal()).samples, 3);
    await writeFile(join(cache, 'shards/shard-00002.lmdb'), '');
    const next = await openCacheWriter(cache, OPTIONS);
    const manifest = await next.seal();
    assert.deepEqual([manifest.samples, manifest.shards.length], [3, 2]);
  });
});
