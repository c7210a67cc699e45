import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mergeCaches, type MergeOptions } from '../../../cache/merge/merge.js';
import { openCache } from '../../../cache/reader.js';
import { openCacheWriter } from '../../../cache/writer.js';
import { partFolder } from '../../../cache/merge/parts.js';
import { lockForWriting } from '../../../cache/folder/lock.js';
import { readManifest, writeManifest } from '../../../cache/manifest/manifest.js';
import { pathInside } from '../../../cache/merge/sources.js';
import { expectSamples, put, range } from '../../pipeline/verify/support.js';
import { makeSample, OPTIONS, useFolder } from '../support.js';

/** Every file below a folder with its content, but for the manifest. */
async function filesOf(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile()).map(({ parentPath, name }) => join(parentPath, name)); // prettier-ignore
  return new Map(
    await Promise.all(
      files.map(async (file) => [file, await readFile(file, 'hex')] as [string, string]),
    ),
  );
}

describe('joining caches', () => {
  const folder = useFolder();
  const whole = () => join(folder(), 'whole');
  const part = (index: number, count = 3) => join(whole(), partFolder({ index, count }));
  const parts = [0, 1, 2].map((index) => () => part(index));

  async function makeParts(...numbers: readonly (readonly number[])[]): Promise<string[]> {
    for (const [i, some] of numbers.entries()) await put(part(i), some);
    return numbers.map((_, i) => part(i));
  }

  async function merge(options: MergeOptions = {}, given = parts.map((path) => path())) {
    const duplicates: [string, string][] = [];
    const result = await mergeCaches(whole(), given, {
      onDuplicate: (left, kept) => duplicates.push([left.id, kept.id]),
      ...options,
    });
    assert.equal(result.duplicates, duplicates.length);
    return { ...result, left: duplicates };
  }

  it('refers to the parts, in which nothing changes; one of them may be empty', async () => {
    await makeParts(range(0, 5), [], range(5, 9));
    const before = await filesOf(whole());
    const { manifest, parts: joined } = await merge();
    assert.equal(joined, 3);
    assert.deepEqual(
      manifest.shards.map(({ file, samples }) => [file, samples]),
      [
        ['part-00000-of-00003/shards/shard-00000.lmdb', 5],
        ['part-00002-of-00003/shards/shard-00000.lmdb', 4],
      ],
    );
    const after = await filesOf(whole());
    assert.ok(after.delete(join(whole(), 'manifest.json')));
    assert.deepEqual(after, before);
    await expectSamples(whole(), range(0, 9));
  });

  it('can be done again when parts have grown, and can be added to', async () => {
    await makeParts(range(0, 3), range(3, 6), [6]);
    await merge();
    await put(whole(), range(5, 9));
    await expectSamples(whole(), range(0, 9));
    await put(part(0), [0, 9, 10]);
    // What the whole has made itself stays, and is not taken from a part as well.
    await put(part(1), [7]);
    const again = await merge();
    assert.equal(again.duplicates, 1);
    await expectSamples(whole(), range(0, 11));
    await put(whole(), [11]);
    await expectSamples(whole(), range(0, 12));
    await expectSamples(part(1), [3, 4, 5, 7]);
  });

  it('keeps what is there twice once: that of the smaller id, however the list was cut', async () => {
    const twin = (number: number, id: string) => {
      const sample = makeSample(number);
      return { ...sample, header: { ...sample.header, key: 'twin', id } };
    };
    for (const [i, id] of ['b', 'a', 'c'].entries()) {
      const writer = await openCacheWriter(part(i), OPTIONS);
      await writer.put(twin(4, id));
      await writer.put(makeSample(i));
      await writer.seal();
    }
    const { left, manifest } = await merge();
    assert.deepEqual(left, [
      ['b', 'a'],
      ['c', 'a'],
    ]);
    assert.deepEqual(manifest.shards.map(({ samples, dropped }) => [samples, dropped]), [[1, ['twin']], [2, []], [1, ['twin']]]); // prettier-ignore
    const reader = await openCache(whole());
    assert.equal(reader.size, 4);
    assert.equal(reader.header(reader.find('twin') ?? -1).id, 'a');
    const { statistics } = reader.manifest;
    await reader.close();
    // The statistics are those of the samples that count.
    const alone = await openCacheWriter(join(folder(), 'alone'), OPTIONS);
    for (const sample of [twin(4, 'a'), ...range(0, 3).map((n) => makeSample(n))])
      await alone.put(sample);
    assert.deepEqual(statistics, (await alone.seal()).statistics);
  });

  it('leaves out a shard that has nothing of its own', async () => {
    await makeParts(range(0, 4), range(0, 4), [4]);
    const { manifest, duplicates } = await merge();
    assert.deepEqual([manifest.shards.length, duplicates], [2, 4]);
    await expectSamples(whole(), range(0, 5));
  });

  it('names all parts that are missing or not finished, and then changes nothing', async () => {
    await put(part(0), [0]);
    await put(part(1), [1], false);
    const before = await filesOf(whole());
    await assert.rejects(merge(), {
      name: 'CacheError',
      message: `2 of 3 parts cannot be joined yet:\n  ${part(1)} is not finished: its run was stopped; run it again with the same options\n  ${part(2)} is missing, or was not begun: it has no manifest.json`,
    });
    assert.deepEqual(await filesOf(whole()), before);
    const unlock = await lockForWriting(part(0));
    await assert.rejects(merge(), /part-00000-of-00003 is being written/);
    await unlock();
  });

  it('joins what there is of them if asked, and the rest later', async () => {
    await put(part(0), [0]);
    const writer = await openCacheWriter(part(1), { ...OPTIONS, shardBytes: 1 });
    for (const number of range(1, 4)) await writer.put(makeSample(number));
    const result = await merge({ partial: true });
    assert.deepEqual(result.unfinished.map(({ folder: path }) => path), [part(1), part(2)]); // prettier-ignore
    // The shard that is being written is not a part of it.
    await expectSamples(whole(), [0, 1, 2]);
    await writer.seal();
    await put(part(2), [4]);
    await merge();
    await expectSamples(whole(), range(0, 5));
  });

  it('refuses parts of other settings, with the difference', async () => {
    await makeParts([0], [1]);
    const other = { ...OPTIONS, configuration: { ...OPTIONS.configuration, mask: { ratio: 0.5 } } };
    await (await openCacheWriter(part(2), other)).seal();
    await assert.rejects(merge(), /other settings:\n  .*part-00002-of-00003: mask\.ratio: the others have 0\.75, this has 0\.5/); // prettier-ignore
    await rm(part(2), { recursive: true });
    await merge({}, [part(0), part(1)]);
    // Nor can they be joined to a cache that is there.
    await (await openCacheWriter(join(whole(), 'other'), other)).seal();
    await assert.rejects(merge({}, [join(whole(), 'other')]), /was made with other settings/);
  });

  it('refers to nothing outside its folder, but through links', async () => {
    const outside = join(folder(), 'outside');
    await put(outside, range(0, 3));
    await assert.rejects(merge({}, [outside]), /outside is not inside .*whole, .*or add --link/);
    await mkdir(whole());
    await symlink(outside, join(whole(), 'linked'));
    await merge({}, [join(whole(), 'linked')]);
    await expectSamples(whole(), range(0, 3));
    assert.equal(pathInside('/a/b', '/a/bc'), null);
    assert.equal(pathInside('/a/b', '/a/b'), null);
    assert.equal(pathInside('/a/b', '/a/b/..c/d'), '..c/d');
  });

  it('gives files a second name, so that parts can be deleted', async () => {
    const outside = join(folder(), 'outside');
    await put(outside, range(0, 3));
    await makeParts(range(2, 5), [5]);
    const given = [outside, part(0), part(1)];
    await merge({ link: true }, given);
    // A second time there is nothing to do.
    const { manifest } = await merge({ link: true }, given);
    assert.deepEqual(manifest.shards.map(({ file }) => file), [0, 1, 2].map((i) => `shards/shard-0000${i}.lmdb`)); // prettier-ignore
    for (const path of given) await rm(path, { recursive: true });
    await expectSamples(whole(), range(0, 6));
    await put(whole(), [6]);
    await expectSamples(whole(), range(0, 7));
  });

  it('goes on where it was killed while it gave second names', async () => {
    const given = await makeParts(range(0, 3), range(3, 6));
    const { manifest } = await merge({ link: true }, given);
    // As if the last shard had been linked, and its manifest not been written.
    const [first] = manifest.shards;
    await writeManifest(whole(), { ...manifest, sealed: false, samples: 3, statistics: null, shards: [first!] }); // prettier-ignore
    await merge({ link: true }, given);
    await expectSamples(whole(), range(0, 6));
    await rm(join(whole(), 'shards/shard-00001.lmdb'));
    await writeManifest(whole(), { ...manifest, sealed: false, samples: 3, statistics: null, shards: [first!] }); // prettier-ignore
    await merge({ link: true }, given);
    await expectSamples(whole(), range(0, 6));
  });

  it('keeps what was joined before and is not joined now', async () => {
    const [a, b] = await makeParts(range(0, 3), range(3, 6));
    await merge({}, [a!]);
    await merge({}, [b!]);
    await expectSamples(whole(), range(0, 6));
    // A joined cache can be a part itself.
    const house = join(folder(), 'house');
    await mkdir(house);
    await rename(whole(), join(house, 'first'));
    await put(join(house, 'second'), [6]);
    const { manifest } = await mergeCaches(house, [join(house, 'first'), join(house, 'second')]);
    assert.equal(manifest.shards[0]?.file, 'first/part-00000-of-00003/shards/shard-00000.lmdb');
    await expectSamples(house, range(0, 7));
  });

  it('is no cache before, and says so', async () => {
    await makeParts([0], [1]);
    await assert.rejects(openCache(whole()), /holds 2 parts that are not joined; join them with avme merge/); // prettier-ignore
    await assert.rejects(openCacheWriter(whole(), OPTIONS), /holds 2 parts that are not joined/);
    await writeFile(join(whole(), 'mine.txt'), 'x');
    await assert.rejects(merge({}, [part(0), part(1)]), /not an avme cache: it has mine\.txt/);
    assert.equal(await readManifest(whole()), undefined);
  });
});

describe('where the shards of a joined cache may lie', () => {
  const folder = useFolder();

  it('is nowhere outside of its folder, whatever the manifest says', async () => {
    await put(folder(), [0]);
    const manifest = (await readManifest(folder()))!;
    for (const file of [
      '../x/shards/shard-00000.lmdb',
      'a/../../shards/shard-00000.lmdb',
      '/shards/shard-00000.lmdb',
      'a/./shards/shard-00000.lmdb',
      'a//shards/shard-00000.lmdb',
      'a\\b/shards/shard-00000.lmdb',
      'a/shards/../shard-00000.lmdb',
    ]) {
      await writeManifest(folder(), { ...manifest, shards: [{ ...manifest.shards[0]!, file }] });
      await assert.rejects(openCache(folder()), /manifest\.json is damaged/, file);
    }
  });
});
