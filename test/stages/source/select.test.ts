import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { VideoEntry } from '../../../cache/records.js';
import { sourceOptions } from '../../../stages/source/options.js';
import {
  partOf,
  select,
  selectionOptions,
  type SelectionInput,
} from '../../../stages/source/select.js';
import { openSource } from '../../../stages/source/open-source.js';
import { sourceScratch } from './support.js';

const scratch = sourceScratch();

async function selected(name: string, input: SelectionInput, videos: string | null = null) {
  const source = await openSource(scratch.path(name), sourceOptions.parse({ videos }));
  const entries: VideoEntry[] = [];
  for await (const entry of select(source, selectionOptions.parse(input)).entries())
    entries.push(entry);
  return entries.map(({ id }) => id);
}

describe('a selection', () => {
  before(() =>
    scratch.touch(
      ...['train/dance/1.mp4', 'train/dance/2.mp4', 'train/play guitar/3.mp4'].map((n) => `v/${n}`),
      ...['validation/dance/4.mp4', 'test/dance/5.mp4', 'test/sing/deep/6.mp4'].map(
        (n) => `v/${n}`,
      ),
    ),
  );

  it('is by split, whatever the data set calls it', async () => {
    assert.deepEqual(await selected('v', { split: 'val' }), ['validation/dance/4.mp4']);
    assert.deepEqual(await selected('v', { split: ' testing, valid' }), [
      'test/dance/5.mp4',
      'test/sing/deep/6.mp4',
      'validation/dance/4.mp4',
    ]);
    assert.equal((await selected('v', { split: ['train', 'test'] })).length, 5);
  });

  it('is by a glob on id or label', async () => {
    assert.deepEqual(await selected('v', { filter: 'play*' }), ['train/play guitar/3.mp4']);
    assert.deepEqual(await selected('v', { filter: '*/dance/*' }), [
      'test/dance/5.mp4',
      'train/dance/1.mp4',
      'train/dance/2.mp4',
      'validation/dance/4.mp4',
    ]);
    assert.deepEqual(await selected('v', { filter: ['test/**', '**/[12].mp4'] }), [
      'test/dance/5.mp4',
      'test/sing/deep/6.mp4',
      'train/dance/1.mp4',
      'train/dance/2.mp4',
    ]);
  });

  it('is of the first ones after that, the same every time', async () => {
    assert.deepEqual(await selected('v', { split: 'train', filter: 'dance', limit: '1' }), [
      'train/dance/1.mp4',
    ]);
    assert.deepEqual(await selected('v', { limit: 100 }), await selected('v', {}));
  });

  it('says what there is when nothing is left', async () => {
    await assert.rejects(selected('v', { split: 'dev' }), /--split dev: none of the 6 videos of .*v is in it; its splits are test \(2 videos\), train \(3 videos\), validation \(1 videos\)/); // prettier-ignore
    await assert.rejects(selected('v', { split: 'test', filter: '*.mp4' }), /--filter "\*\.mp4": matches none of the 2 videos .* like "test\/dance\/5\.mp4"/); // prettier-ignore
    await scratch.touch('none/readme.txt');
    await assert.rejects(selected('none', {}), /there is no video in .*none \(passed over: 1 \.txt\)/); // prettier-ignore
    await assert.rejects(selected('none', { shard: '0/2' }), /there is no video in/);
  });

  it('asks for the folder of the videos when a list names none that is there', async () => {
    await scratch.write('lists/train.csv', 'x/1.mp4 1\nx/2.mp4 2\n');
    await assert.rejects(selected('lists/train.csv', {}), /0 of the 2 listed videos are under .*lists; the first would be .*lists\/x\/1\.mp4: give the folder that they are in with --videos/); // prettier-ignore
    // One that is missing is another matter.
    await scratch.touch('media/x/2.mp4');
    assert.equal((await selected('lists/train.csv', {}, scratch.path('media'))).length, 2);
  });

  it('refuses what cannot be, in words', () => {
    const bad: readonly (readonly [SelectionInput, RegExp])[] = [
      [{ shard: '2/2' }, /must be like 0\/16/],
      [{ shard: '-1/2' }, /must be like 0\/16/],
      [{ shard: { index: 0, count: 0 } }, /./],
      [{ limit: 0 }, /1 or more/],
      [{ limit: '1.5' }, /whole number/],
      [{ split: ' , ' }, /must name a split/],
      [{ filter: '' }, /must be a pattern/],
    ];
    for (const [input, words] of bad) {
      const issues = selectionOptions.safeParse(input).error?.issues ?? [];
      assert.match(issues.map(({ message }) => message).join(), words);
    }
  });
});

describe('parts of a list', () => {
  it('have every video once, and keep it when the list grows', async () => {
    await scratch.touch(...Array.from({ length: 40 }, (_, i) => `p/${i % 3}/${i}.mp4`));
    const parts = (name: string) =>
      Promise.all(Array.from({ length: 4 }, (_, i) => selected(name, { shard: `${i}/4` })));
    const before = await parts('p');
    assert.deepEqual(before.flat().sort(), (await selected('p', {})).sort());
    await scratch.touch('p/0/new.mp4', 'p/aa/x.mp4');
    const after = await parts('p');
    after.forEach((ids, part) => {
      assert.ok(before[part]!.every((id) => ids.includes(id)));
    });
    assert.equal(after.flat().length, 42);
  });

  it('may be empty', async () => {
    await scratch.touch('two/1.mp4', 'two/2.mp4');
    const sizes = await Promise.all(
      Array.from({ length: 9 }, async (_, i) => (await selected('two', { shard: { index: i, count: 9 } })).length), // prettier-ignore
    );
    assert.equal(sizes.reduce((sum, n) => sum + n, 0), 2); // prettier-ignore
  });

  it('do not part the segments of a file, nor depend on where the videos lie', async () => {
    const lines = Array.from({ length: 30 }, (_, i) => JSON.stringify({ path: `${i % 10}.mp4`, start: i, end: i + 1 })); // prettier-ignore
    for (const folder of ['here', 'elsewhere/deep']) {
      await scratch.write(`${folder}/list.jsonl`, lines.join('\n'));
      await scratch.touch(...Array.from({ length: 10 }, (_, i) => `${folder}/${i}.mp4`));
    }
    for (let i = 0; i < 3; i++) {
      const ids = await selected('here/list.jsonl', { shard: `${i}/3` });
      assert.deepEqual(await selected('elsewhere/deep/list.jsonl', { shard: `${i}/3` }), ids);
      const files = new Set(ids.map((id) => id.replace(/#.*/, '')));
      assert.equal(ids.length, 3 * files.size);
    }
  });

  it('keep a segment of Kinetics whether or not its file has been found', async () => {
    const segment = (label: string, start: number) => ({ annotations: { label, segment: [start, start + 10] }, subset: 'train' }); // prettier-ignore
    const list = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`video${i}`, segment('a', i)])); // prettier-ignore
    await scratch.write('k/train.json', JSON.stringify(list));
    await scratch.touch('k/video0.mp4');
    const part = () => selected('k/train.json', { shard: '1/2' });
    const before = await part();
    await scratch.touch(...Array.from({ length: 10 }, (_, i) => `k/videos/video${i}.webm`));
    assert.deepEqual(await part(), before);
  });

  it('are of about the same size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.string(), (count, prefix) => {
        const sizes = new Array<number>(count).fill(0);
        for (let i = 0; i < 200 * count; i++) sizes[partOf(`${prefix}${i}.mp4`, count)]!++;
        // Six standard deviations.
        for (const size of sizes) assert.ok(Math.abs(size - 200) < 6 * Math.sqrt(200), String(sizes)); // prettier-ignore
      }),
      { numRuns: 20 },
    );
  });
});
