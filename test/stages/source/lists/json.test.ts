import assert from 'node:assert/strict';
import { brief, sourceScratch } from '../support.js';

const scratch = sourceScratch();

describe('a JSON array of videos', () => {
  it('is read like a JSONL list', async () => {
    await scratch.write('list.json', ' [{"path":"a.mp4","label":"x"},\n{"path":"b.mp4","start":1,"end":2}]'); // prettier-ignore
    assert.deepEqual(brief(await scratch.entries('list.json')), [
      ['a.mp4', 'x', null],
      ['b.mp4#1-2', null, null, 1, 2],
    ]);
  });

  it('names what is wrong', async () => {
    await scratch.write('bad.json', '[{"path":"a.mp4"},{"label":"x"}]');
    await assert.rejects(scratch.entries('bad.json'), /bad\.json, item 2: got .*path: .*; a video is an object like/); // prettier-ignore
    await scratch.write('torn.json', '[{"path":"a.mp4"},\n{"path":');
    await assert.rejects(scratch.entries('torn.json'), /torn\.json, at its end: not JSON/);
  });
});

describe('lists of Something-Something v2', () => {
  it('are found out; the class is the template, the file is found by its id', async () => {
    await scratch.touch('ssv2/20bn-something-something-v2/78687.webm');
    const name = 'ssv2/something-something-v2-validation.json';
    const list = [
      { id: '78687', label: 'holding a potato next to a box', template: 'Holding [something] next to [something]', placeholders: ['potato', 'box'] }, // prettier-ignore
      { id: 4 },
    ];
    await scratch.write(name, JSON.stringify(list));
    const entries = await scratch.entries(name);
    assert.deepEqual(brief(entries), [
      ['78687', 'Holding something next to something', 'val'],
      ['4', null, 'val'],
    ]);
    assert.equal(entries[0]?.path, scratch.path('ssv2/20bn-something-something-v2/78687.webm'));
    await scratch.write('ssv2/train.json', '[{"template":"x"}]');
    await assert.rejects(scratch.entries('ssv2/train.json'), /item 1: got .*id: .*; a video is like/); // prettier-ignore
  });
});

describe('what is found out by content', () => {
  it('is a JSONL list by any name', async () => {
    await scratch.write('list.txt', '\n{"path":"a.mp4"}\n{"path":"b.mp4"}\n');
    assert.equal((await scratch.entries('list.txt')).length, 2);
  });

  it('is refused with what it begins with when it is nothing', async () => {
    await scratch.write('notes.md', '# Notes\nabout videos\n');
    await assert.rejects(scratch.entries('notes.md'), /notes\.md is no list of videos that avme knows: it begins with "# Notes"; give a folder .*--source-kind folder\|jsonl/); // prettier-ignore
    await scratch.write('empty.csv', '\n');
    await assert.rejects(scratch.entries('empty.csv'), /is empty; give/);
    await scratch.touch('single/a.mp4');
    await assert.rejects(scratch.entries('single/a.mp4'), /is a single video/);
  });

  it('can be said instead', async () => {
    await scratch.write('forced.csv', 'clips/a.mp4 {"path"}\n');
    assert.equal((await scratch.entries('forced.csv', { sourceKind: 'csv' })).length, 1);
    await assert.rejects(scratch.entries('forced.csv', { sourceKind: 'folder' }), /needs a folder, but the source is a file/); // prettier-ignore
    await assert.rejects(scratch.entries('single', { sourceKind: 'jsonl' }), /needs a list, but the source is a folder/); // prettier-ignore
    await assert.rejects(scratch.entries('single', { videos: scratch.path('single') }), /--videos is for lists/); // prettier-ignore
    await assert.rejects(scratch.entries('forced.csv', { trimmed: true }), /--trimmed is for Kinetics, but the source is of kind csv/); // prettier-ignore
  });
});
