import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { VideoEntry } from '../../../cache/records.js';
import { openSource } from '../../../stages/source/open-source.js';
import { scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();

async function touch(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(scratch.path(name)), { recursive: true });
    await writeFile(scratch.path(name), 'x');
  }
}

async function entriesOf(name: string) {
  const ignored: string[] = [];
  const source = await openSource(scratch.path(name));
  const entries: VideoEntry[] = [];
  for await (const entry of source.entries((extension) => ignored.push(extension)))
    entries.push(entry);
  return { entries, ignored };
}

describe('a folder of videos', () => {
  it('labels by class folder, in an order of its own, and passes over what is no video', async () => {
    await touch('classes/b/2.MP4', 'classes/b/10.mp4', 'classes/a/deep/x.avi', 'classes/top.webm');
    await touch('classes/readme.txt', 'classes/a/.hidden.mp4', 'classes/noext');
    const { entries, ignored } = await entriesOf('classes');
    assert.deepEqual(
      entries.map(({ id, label, split }) => [id, label, split]),
      [
        ['a/deep/x.avi', 'a', null],
        ['b/10.mp4', 'b', null],
        ['b/2.MP4', 'b', null],
        ['top.webm', null, null],
      ],
    );
    assert.deepEqual(ignored.sort(), ['.txt', 'hidden', 'no extension']);
    assert.equal(entries[1]!.path, scratch.path('classes/b/10.mp4'));
  });

  it('takes train and test for splits', async () => {
    await touch('splits/train/dance/1.mp4', 'splits/test/2.mp4');
    const { entries } = await entriesOf('splits');
    assert.deepEqual(
      entries.map(({ label, split }) => [split, label]),
      [
        ['test', null],
        ['train', 'dance'],
      ],
    );
  });

  it('takes names as data', async () => {
    const names = ["quo'te.mp4", '-dash.mp4', 'per%cent.mp4', 'new\nline.mp4', 'concat:a|b.mp4', 'te[s]t.mp4']; // prettier-ignore
    await touch(...names.map((name) => `odd/${name}`));
    const { entries } = await entriesOf('odd');
    assert.deepEqual(entries.map(({ id }) => id).sort(), names.sort());
  });

  it('follows links, but not in circles, and shows broken ones', async () => {
    await touch('linked/a/1.mp4');
    await symlink(scratch.path('linked'), scratch.path('linked/circle'));
    await symlink(scratch.path('linked/a'), scratch.path('linked/b'));
    await symlink('/nonexistent/c.mp4', scratch.path('linked/c.mp4'));
    const { entries } = await entriesOf('linked');
    assert.deepEqual(
      entries.map(({ id }) => id),
      ['a/1.mp4', 'b/1.mp4', 'c.mp4'],
    );
  });
});

describe('a JSONL list', () => {
  const write = async (name: string, text: string) => {
    await writeFile(scratch.path(name), text);
    return entriesOf(name);
  };

  it('gives an entry a line', async () => {
    const { entries } = await write(
      'good.jsonl',
      '\uFEFF{"path":"a b.mp4","label":3,"split":"train"}\r\n\n{"path":"/x/y.mp4","start":1.5,"end":2,"other":true}\n{"path":"z.mp4","id":"mine"}',
    );
    assert.deepEqual(entries, [
      { path: scratch.path('a b.mp4'), id: 'a b.mp4', label: '3', split: 'train', start: null, end: null }, // prettier-ignore
      { path: '/x/y.mp4', id: '/x/y.mp4#1.5-2', label: null, split: null, start: 1.5, end: 2 },
      { path: scratch.path('z.mp4'), id: 'mine', label: null, split: null, start: null, end: null },
    ]);
  });

  it('names the line that is wrong, and how', async () => {
    await assert.rejects(write('bad.jsonl', '{"path":"a"}\n\nnot json\n'), /bad\.jsonl, line 3: got "not json": not JSON/); // prettier-ignore
    await assert.rejects(write('bad.jsonl', '{"label":"a"}'), /line 1: got .*: path: /);
    await assert.rejects(write('bad.jsonl', '{"path":"a","start":3,"end":2}'), /line 1: .*end must come after start/); // prettier-ignore
  });
});

describe('anything else', () => {
  it('is refused with a sentence', async () => {
    await assert.rejects(
      openSource(scratch.path('nowhere')),
      /there is no folder or list at .*nowhere/,
    );
    await touch('one.mp4');
    await assert.rejects(openSource(scratch.path('one.mp4')), /single video; put it into a folder/);
  });
});
