import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from '../../../cache/reader.js';
import { openCacheWriter, type CacheWriterOptions } from '../../../cache/writer.js';
import { exportNumpy, exportWebDataset } from '../../../pipeline/exchange/export.js';
import { importWebDataset } from '../../../pipeline/exchange/import.js';
import { encodeNpy } from '../../../stages/exchange/npy.js';
import { writeTar, type TarFile } from '../../../stages/exchange/tar.js';
import { makeSample, OPTIONS, samplesOf, SHAPE, useFolder } from '../../cache/support.js';

async function makeCache(
  folder: string,
  numbers: readonly number[],
  options: CacheWriterOptions = OPTIONS,
) {
  const writer = await openCacheWriter(folder, options);
  for (const number of numbers) await writer.put(makeSample(number, options.shape));
  await writer.seal();
}

async function cacheContent(folder: string) {
  const reader = await openCache(folder);
  const { fingerprint, configuration, tools, shape, statistics, samples } = reader.manifest;
  const content = {
    samples: samplesOf(reader),
    manifest: { fingerprint, configuration, tools, shape, statistics, samples },
  };
  await reader.close();
  return content;
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* files(...list: [string, ...Uint8Array[]][]): AsyncGenerator<TarFile> {
  for (const [name, ...content] of list) yield { name, content };
}

const NUMBERS = Array.from({ length: 11 }, (_, i) => i);

describe('export and import', () => {
  const folder = useFolder();
  const at = (name: string) => join(folder(), name);

  for (const square of [true, false])
    it(`make the same cache again, sample by sample, frames ${square ? '' : 'not '}square`, async () => {
      const options = { ...OPTIONS, shape: { ...SHAPE, square } };
      await makeCache(at('a'), NUMBERS, options);
      const out = await exportWebDataset({ cache: at('a'), out: `${at('tars')}/`, options: { shardSamples: 4 } }); // prettier-ignore
      assert.deepEqual(out.files, ['data-000000.tar', 'data-000001.tar', 'data-000002.tar'].map((name) => join(at('tars'), name))); // prettier-ignore
      // In another order: a cache does not depend on it.
      const done = await importWebDataset({ tars: out.files.toReversed(), cache: at('b') });
      assert.deepEqual([done.samples, done.written, done.own], [11, 11, true]);
      assert.deepEqual(await cacheContent(at('b')), await cacheContent(at('a')));
      const again = await importWebDataset({ tars: out.files, cache: at('b') });
      assert.deepEqual([again.written, again.skipped], [0, 11]);
    });

  for (const format of ['jpeg', 'webp'] as const)
    it(`keep the very pictures of a lossy cache, or decode them: ${format}`, async () => {
      const store = { format, quality: 85 };
      const shape = { ...SHAPE, storeSize: 20, square: false };
      const configuration = { ...OPTIONS.configuration, store: format, quality: 85 };
      await makeCache(at('a'), NUMBERS, { ...OPTIONS, shape, configuration, store });
      const pixels = async (cache: string) => {
        const reader = await openCache(at(cache));
        const samples = await Promise.all(NUMBERS.map((i) => reader.read(i)));
        const stored = NUMBERS.map((i) => reader.stored(i));
        await reader.close();
        return { samples, stored, manifest: reader.manifest };
      };
      const before = await pixels('a');
      const kept = await exportWebDataset({ cache: at('a'), out: at('kept.tar') });
      await importWebDataset({ tars: kept.files, cache: at('b') });
      const after = await pixels('b');
      assert.deepEqual(after.stored, before.stored);
      assert.equal(after.manifest.fingerprint, before.manifest.fingerprint);
      assert.deepEqual(after.manifest.statistics, before.manifest.statistics);
      const decoded = await exportWebDataset({ cache: at('a'), out: at('npy.tar'), options: { frames: 'npy' } }); // prettier-ignore
      await importWebDataset({ tars: decoded.files, cache: at('c') });
      const raw = await pixels('c');
      assert.deepEqual(raw.samples, before.samples);
      assert.equal(raw.stored[0]?.frames.format, 'raw');
      assert.deepEqual(raw.manifest.statistics, before.manifest.statistics);
      assert.deepEqual(raw.manifest.configuration, { ...OPTIONS.configuration, store: 'raw', decoded: { store: format, quality: 85 } }); // prettier-ignore
    });

  it('give the same bytes for the same samples, however the cache was written', async () => {
    await makeCache(at('a'), NUMBERS);
    await makeCache(at('b'), NUMBERS.toReversed());
    await exportWebDataset({ cache: at('a'), out: at('a.tar') });
    await exportWebDataset({ cache: at('b'), out: at('b.tar') });
    assert.ok((await readFile(at('a.tar'))).equals(await readFile(at('b.tar'))));
  });

  it('take the samples that are asked for', async () => {
    await makeCache(at('a'), NUMBERS);
    const { samples } = await cacheContent(at('a'));
    const chosen = async (
      out: string,
      options: Parameters<typeof exportWebDataset>[0]['options'],
    ) => {
      // prettier-ignore
      const { files: tars } = await exportWebDataset({ cache: at('a'), out: at(`${out}.tar`), options: options ?? {} }); // prettier-ignore
      await importWebDataset({ tars, cache: at(out) });
      const content = await cacheContent(at(out));
      for (const [key, sample] of content.samples) assert.deepEqual(sample, samples.get(key));
      return [...content.samples.values()].map(({ header: { label, split } }) => ({ label, split })); // prettier-ignore
    };
    const test = await chosen('test', { split: 'test' });
    assert.deepEqual([test.length, test.every(({ split }) => split === 'test')], [5, true]);
    const labels = await chosen('labels', { label: 'class-1,', split: 'test' });
    assert.ok(labels.every(({ label, split }) => [null, 'class-1'].includes(label) && split === 'test')); // prettier-ignore
    assert.equal((await chosen('numbers', { samples: '0,3-5' })).length, 4);
    assert.equal((await chosen('list', { samples: [10], label: ['class-2'] })).length, 1);
  });

  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ['a sample that is not there', { samples: [11] }, /no sample 11: the cache holds samples 0 to 10/], // prettier-ignore
    ['a split that is not there', { split: 'nope' }, /no sample of the cache is of that split/],
    ['a range that goes backwards', { samples: '5-3' }, /numbers of samples from 0 and ranges/],
    ['a sample twice', { samples: '1,1' }, /numbers of samples/],
    ['samples that are no numbers', { samples: 'all' }, /numbers of samples/],
  ];
  for (const [what, options, message] of wrong)
    it(`refuses ${what}, and leaves nothing behind`, async () => {
      await makeCache(at('a'), NUMBERS);
      await assert.rejects(exportWebDataset({ cache: at('a'), out: at('x.tar'), options }), message); // prettier-ignore
      assert.deepEqual(await readdir(folder()), ['a']);
    });

  it('never writes over what is there', async () => {
    await makeCache(at('a'), NUMBERS);
    await writeFile(at('x.tar'), 'mine');
    await mkdir(at('full'));
    await writeFile(at('full/notes.txt'), 'mine');
    for (const out of ['x.tar', 'full'])
      await assert.rejects(exportWebDataset({ cache: at('a'), out: at(out) }), /is there already/);
    await assert.rejects(exportNumpy(at('a'), 0, at('x.tar'), 'all'), /is there already/);
    assert.equal(await readFile(at('x.tar'), 'utf8'), 'mine');
    await mkdir(at('empty'));
    await exportWebDataset({ cache: at('a'), out: at('empty') });
    assert.deepEqual(await readdir(at('empty')), ['data-000000.tar']);
  });

  it('leaves nothing of an export that is stopped, and begins anew after one that was killed', async () => {
    await makeCache(at('a'), NUMBERS);
    const controller = new AbortController();
    const onProgress = ({ done }: { readonly done: number }) => {
      if (done === 6) controller.abort();
    };
    for (const out of ['x.tar', 'x'])
      await assert.rejects(
        exportWebDataset({ cache: at('a'), out: at(out), options: { shardSamples: 2 }, onProgress, signal: controller.signal }), // prettier-ignore
        { name: 'AbortError' },
      );
    assert.deepEqual(await readdir(folder()), ['a']);
    await mkdir(at('y.partial'));
    await writeFile(at('y.partial/data-000007.tar'), 'half a tar');
    await exportWebDataset({ cache: at('a'), out: at('y'), options: { shardSamples: 6 } });
    assert.deepEqual((await readdir(folder())).sort(), ['a', 'y']);
    assert.deepEqual((await readdir(at('y'))).sort(), ['data-000000.tar', 'data-000001.tar']);
  });

  it('go on after an import that was stopped', async () => {
    await makeCache(at('a'), NUMBERS);
    await exportWebDataset({ cache: at('a'), out: at('a.tar') });
    const controller = new AbortController();
    const onProgress = () => {
      controller.abort();
    };
    const first = await importWebDataset({ tars: [at('a.tar')], cache: at('b'), onProgress, signal: controller.signal }); // prettier-ignore
    assert.deepEqual([first.written, first.interrupted], [1, true]);
    const second = await importWebDataset({ tars: [at('a.tar')], cache: at('b') });
    assert.deepEqual([second.written, second.skipped, second.interrupted], [10, 1, false]);
    assert.deepEqual(await cacheContent(at('b')), await cacheContent(at('a')));
  });

  it('refuse tars of different caches, and a cache of another kind', async () => {
    await makeCache(at('a'), [1]);
    await makeCache(at('b'), [2], { ...OPTIONS, configuration: { frames: 4, size: 8, mask: { ratio: 0.5 } } }); // prettier-ignore
    await exportWebDataset({ cache: at('a'), out: at('a.tar') });
    await exportWebDataset({ cache: at('b'), out: at('b.tar') });
    await assert.rejects(
      importWebDataset({ tars: [at('a.tar'), at('b.tar')], cache: at('c') }),
      /a\.tar and .*b\.tar do not make one cache; import them apart: they differ in configuration\.mask\.ratio$/,
    );
    await assert.rejects(importWebDataset({ tars: [at('a.tar')], cache: at('b') }), /mask\.ratio: cache has 0\.5, asked for 0\.75/); // prettier-ignore
    await writeTar(at('own.tar'), files(['1.npy', ...encodeNpy(new Uint8Array(768), [4, 8, 8, 3])])); // prettier-ignore
    await assert.rejects(importWebDataset({ tars: [at('a.tar'), at('own.tar')], cache: at('c') }), /one was exported by avme, the other was not/); // prettier-ignore
    assert.ok(!(await readdir(folder())).includes('c'), 'no cache is begun');
  });

  it('refuse a damaged tar with the sample that does not fit', async () => {
    await makeCache(at('a'), NUMBERS);
    await exportWebDataset({ cache: at('a'), out: at('a.tar') });
    const tar = await readFile(at('a.tar'));
    const cut = async (name: string, bytes: Buffer) => {
      await writeFile(at(name), bytes);
      return importWebDataset({ tars: [at(name)], cache: at(`${name}-cache`) });
    };
    await assert.rejects(cut('cut.tar', tar.subarray(0, 5000)), /cut\.tar: Unexpected end of data/);
    const identity = Buffer.from(tar);
    identity.write('0.25', identity.indexOf('0.75'));
    await assert.rejects(cut('identity.tar', identity), /its __avme__ is not what avme export wrote/); // prettier-ignore
    const schema = Buffer.from(tar);
    schema.write('"schema":7', schema.indexOf('"schema":'));
    await assert.rejects(cut('schema.tar', schema), /was exported by another version of avme/);
    const pixel = Buffer.from(tar);
    const frames = tar.indexOf('NUMPY');
    pixel[frames + 300] = (pixel[frames + 300] ?? 0) ^ 1;
    await assert.rejects(cut('pixel.tar', pixel), /sample key-\d+: it is damaged: its checksum/);
    const header = Buffer.from(tar);
    header.write('"clip":"', header.indexOf('"clip":'));
    await assert.rejects(cut('header.tar', header), /header\.tar: sample key-\d+: /);
  });

  it('take samples that another program wrote, draw their masks, and refuse what does not go together', async () => {
    const frames = (i: number, size = 8) => encodeNpy(new Uint8Array(4 * 8 * size * 3).fill(i), [4, 8, size, 3]); // prettier-ignore
    await writeTar(at('own.tar'), files(['a/1.npy', ...frames(1)], ['a/2.npy', ...frames(2)]));
    const options = { patch: 4, maskRatio: 0.75, stride: 2 };
    const tars = [at('own.tar')];
    const done = await importWebDataset({ tars, cache: at('a'), options });
    assert.deepEqual([done.samples, done.own], [2, false]);
    const reader = await openCache(at('a'));
    const { shape } = reader.manifest;
    assert.deepEqual(shape, { frames: 4, size: 8, storeSize: 8, square: true, positions: 4, mfccFrames: 32, cepstra: 13 }); // prettier-ignore
    const sample = reader.sample(1);
    assert.deepEqual([sample.header.id, sample.frames[0]], ['a/2', 2]);
    assert.equal(sample.mask.reduce((sum, value) => sum + value), 3); // prettier-ignore
    await reader.close();
    const again = await importWebDataset({ tars, cache: at('a'), options });
    assert.deepEqual([again.written, again.skipped], [0, 2]);
    await importWebDataset({ tars, cache: at('b'), options });
    assert.deepEqual(await cacheContent(at('b')), await cacheContent(at('a')));
    await assert.rejects(importWebDataset({ tars, cache: at('c'), options: { ...options, size: 12 } }), /--size: 12 must be a multiple of the patch, 4, and at most the short side of the frames, 8/); // prettier-ignore
    await writeTar(at('mixed.tar'), files(['1.npy', ...frames(1)], ['2.npy', ...frames(2, 9)]));
    const mixed = { tars: [at('mixed.tar')], cache: at('c'), options };
    await assert.rejects(importWebDataset(mixed), /mixed\.tar: sample 2: .*frames are 9×8/);
    await importWebDataset({ ...mixed, cache: at('d'), options: { ...options, shortSide: true } });
    assert.deepEqual((await cacheContent(at('d'))).manifest.shape.square, false);
    const masked = (...mask: number[]) =>
      files(
        ['1.npy', ...frames(1)],
        ['1.mask.npy', ...encodeNpy(Uint8Array.from(mask), [mask.length])],
      );
    await writeTar(at('masked.tar'), masked(1, 1, 0, 1));
    await importWebDataset({ tars: [at('masked.tar')], cache: at('e'), options });
    assert.deepEqual((await cacheContent(at('e'))).samples.values().next().value?.mask, Uint8Array.of(1, 1, 0, 1)); // prettier-ignore
    for (const mask of [
      [1, 0, 0, 1],
      [1, 2, 0, 1],
      [1, 1, 1, 0, 0],
    ]) {
      // prettier-ignore
      await writeTar(at('masked.tar'), masked(...mask));
      await assert.rejects(importWebDataset({ tars: [at('masked.tar')], cache: at('e'), options }), /sample 1: its mask of [45] values hides [23]; this cache's have 4, of which a --mask-ratio of 0\.75 hides 3/); // prettier-ignore
    }
    await writeTar(at('none.tar'), files(['readme.txt']));
    await assert.rejects(importWebDataset({ ...mixed, tars: [at('none.tar')] }), /no frames, only txt/); // prettier-ignore
    await writeTar(at('empty.tar'), files());
    await assert.rejects(importWebDataset({ ...mixed, tars: [at('empty.tar')] }), /holds no samples/); // prettier-ignore
  });
});
