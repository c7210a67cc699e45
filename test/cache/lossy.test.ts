import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CorruptRecordError, EncodedFramesError } from '../../cache/codec/codec.js';
import { openCache } from '../../cache/reader.js';
import { openCacheWriter, type CacheWriterOptions } from '../../cache/writer.js';
import { sumsOf, StatisticsFold } from '../../cache/manifest/statistics.js';
import type { ClipShape } from '../../cache/records.js';
import { makeSample, OPTIONS, SHAPE, useFolder } from './support.js';

const LARGE: ClipShape = { ...SHAPE, size: 32, storeSize: 36, square: false };
const NUMBERS = [0, 1, 2, 3, 4, 5];

const lossy = (format: 'jpeg' | 'webp', shape = LARGE): CacheWriterOptions => ({
  ...OPTIONS,
  shape,
  configuration: { ...OPTIONS.configuration, store: format },
  store: { format, quality: 90 },
});

describe('a cache of lossy frames', () => {
  const folder = useFolder();

  async function make(options: CacheWriterOptions, path = folder(), prepared = false) {
    const writer = await openCacheWriter(path, options);
    const samples = NUMBERS.map((number) => makeSample(number, options.shape));
    const ready = prepared
      ? await Promise.all(samples.map((sample) => writer.prepare(sample)))
      : samples;
    await Promise.all(ready.map((sample) => writer.put(sample)));
    return writer.seal();
  }

  for (const format of ['jpeg', 'webp'] as const)
    it(`gives frames near to what they were, and all else as it was, as ${format}`, async () => {
      await make(lossy(format));
      const reader = await openCache(folder());
      const fold = new StatisticsFold(LARGE);
      for (let i = 0; i < reader.size; i++) {
        const { frames, ...sample } = await reader.read(i);
        const { frames: before, ...original } = makeSample(Number(sample.header.key.slice(4)), LARGE); // prettier-ignore
        assert.deepEqual(sample, original);
        assert.equal(frames.length, before.length);
        assert.notDeepEqual(frames, before);
        assert.equal(reader.stored(i).frames.format, format);
        fold.add(sample.header, sumsOf({ frames, ...sample }, LARGE));
      }
      // Of what readers get, not of what was put in.
      assert.deepEqual(reader.manifest.statistics, fold.result());
      await reader.close();
    });

  it('is the same whether its samples are prepared ahead or not', async () => {
    const manifests = [];
    const pictures = [];
    for (const prepared of [true, false]) {
      const path = join(folder(), String(prepared));
      manifests.push(await make(lossy('jpeg'), path, prepared));
      const reader = await openCache(path);
      pictures.push(NUMBERS.map((i) => reader.stored(i)));
      await reader.close();
    }
    assert.deepEqual(manifests[0], manifests[1]);
    assert.deepEqual(pictures[0], pictures[1]);
  });

  it('says so to those who want its frames at once', async () => {
    await make(lossy('jpeg'));
    const reader = await openCache(folder());
    assert.throws(() => reader.sample(0), (error: Error) => error instanceof EncodedFramesError && /kept as jpeg, to be decoded; read its samples with read\(\)/.test(error.message)); // prettier-ignore
    assert.throws(() => reader.withSample(0, () => 0), EncodedFramesError);
    await assert.rejects(reader.read(6), /there is no sample 6/);
    await reader.close();
  });

  it('never gives a wrong pixel, wherever the picture was changed', async () => {
    await make(lossy('webp'));
    const whole = await openCache(folder());
    const picture = Buffer.from(whole.stored(0).frames.bytes);
    const good = await Promise.all(NUMBERS.map((i) => whole.read(i)));
    await whole.close();
    const [shard = ''] = (await readdir(join(folder(), 'shards'))).filter((name) => name.endsWith('.lmdb')); // prettier-ignore
    const path = join(folder(), 'shards', shard);
    const bytes = await readFile(path);
    const at = bytes.indexOf(picture);
    assert.ok(at > 0);
    for (let i = 0; i < picture.length; i += Math.ceil(picture.length / 40)) {
      const broken = Buffer.from(bytes);
      broken[at + i] = (broken[at + i] ?? 0) ^ 1;
      await writeFile(path, broken);
      const reader = await openCache(folder());
      await assert.rejects(reader.read(0), (error: Error) => error instanceof CorruptRecordError && /^sample 0 \(class-0\/0\.mp4.*checksum does not match/.test(error.message)); // prettier-ignore
      assert.deepEqual(await reader.read(1), good[1]);
      await reader.close();
    }
  });

  it('must be told from one of raw frames by its configuration', async () => {
    const { configuration } = OPTIONS;
    await assert.rejects(openCacheWriter(folder(), { ...lossy('jpeg'), configuration }), /kept as jpeg, the configuration does not say so/); // prettier-ignore
    assert.deepEqual(await readdir(folder()), []);
  });

  it('refuses samples of another shape, and frames too large for a picture', async () => {
    const writer = await openCacheWriter(folder(), lossy('webp', { ...LARGE, frames: 600 }));
    await assert.rejects(writer.put(makeSample(0)), /cache: frames are 8×8, expected a short side of 36/); // prettier-ignore
    const tall = makeSample(0, { ...LARGE, frames: 600 });
    await assert.rejects(
      writer.put(tall),
      /600 frames of 36×36 are too large for one webp picture/,
    );
    await writer.put(makeSample(1, LARGE)).catch(() => undefined);
    await writer.close();
  });
});
