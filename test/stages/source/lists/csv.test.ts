import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseListLine } from '../../../../stages/source/lists/csv.js';
import { splitName, splitOfFile } from '../../../../stages/source/lists/split.js';
import { brief, sourceScratch } from '../support.js';

const scratch = sourceScratch();

describe('a line of a list of paths', () => {
  it('ends with the label, whatever is in the path', () => {
    const lines: Record<string, [string, string | null]> = {
      'a.mp4 7': ['a.mp4', '7'],
      'dance/a.mp4,7': ['dance/a.mp4', '7'],
      'dance/a.mp4\t7': ['dance/a.mp4', '7'],
      'dance/a.mp4  7 ': ['dance/a.mp4', '7'],
      'my, own video.MP4 7': ['my, own video.MP4', '7'],
      'a 1.mp4/b 2.webm, 12': ['a 1.mp4/b 2.webm', '12'],
      'a.mp4,playing guitar': ['a.mp4', 'playing guitar'],
      'a.mp4 playing guitar': ['a.mp4', 'playing guitar'],
      '"a, b.mp4",7': ['a, b.mp4', '7'],
      '"say ""hi"".mp4" 7': ['say "hi".mp4', '7'],
      'a.mp4,"rock, paper, scissors"': ['a.mp4', 'rock, paper, scissors'],
      '/data/a.mp4': ['/data/a.mp4', null],
      'a.mp4,': ['a.mp4', null],
    };
    for (const [line, [path, label]] of Object.entries(lines))
      assert.deepEqual(parseListLine(line), { path, label }, line);
  });

  it('is none when no video is in it, or further fields follow', () => {
    for (const line of ['path,label', 'frames/a 120 7', 'a.mp4 0 -1', 'a.mp4,3,train', 'a.txt 3'])
      assert.equal(parseListLine(line), null, line);
  });

  it('gives back what was written', () => {
    const name = fc
      .string({
        unit: fc.constantFrom(
          'a',
          '7',
          '\u2028',
          ' ',
          ',',
          ';',
          '"',
          "'",
          '#',
          'é',
          '.',
          '\\',
          '-',
          '(',
        ),
        minLength: 1,
        maxLength: 12,
      })
      // What is at its ends would be taken for the space around it, or for its quotes.
      .filter((text) => text === text.trim() && !text.startsWith('"'));
    const label = fc.oneof(fc.nat({ max: 999 }).map(String), fc.constantFrom('dance', 'playing guitar')); // prettier-ignore
    fc.assert(
      fc.property(name, label, fc.constantFrom(' ', ',', '\t', ' , '), (text, of, separator) => {
        const path = `${text}.mp4`;
        assert.deepEqual(parseListLine(path + separator + of), { path, label: of });
      }),
    );
  });
});

describe('names of splits', () => {
  it('are the usual ones', () => {
    assert.deepEqual(
      ['training', 'validate', 'Validation', 'valid', 'testing', 'holdout'].map(splitName),
      ['train', 'val', 'val', 'val', 'test', 'holdout'],
    );
    const files: Record<string, string | null> = {
      '/x/train.csv': 'train',
      'k400_val_list.csv': 'val',
      'something-something-v2-validation.json': 'val',
      'testlist.txt': null,
      'latest.csv': null,
      'a/train/all.csv': null,
    };
    for (const [file, split] of Object.entries(files)) assert.equal(splitOfFile(file), split, file);
  });
});

describe('a list of paths and labels', () => {
  it('is found out, with and without a header, by space and by comma', async () => {
    await scratch.write('spaces/val.csv', 'a b.mp4 0\r\n\r\n/abs/c.mp4 12\r\n');
    assert.deepEqual(await scratch.entries('spaces/val.csv'), [
      { path: scratch.path('spaces/a b.mp4'), id: 'a b.mp4', label: '0', split: 'val', start: null, end: null }, // prettier-ignore
      { path: '/abs/c.mp4', id: '/abs/c.mp4', label: '12', split: 'val', start: null, end: null },
    ]);
    await scratch.write('commas.txt', '\uFEFFpath,label\nx/a.mp4,dance\nx/b.mp4,\n');
    assert.deepEqual(brief(await scratch.entries('commas.txt')), [
      ['x/a.mp4', 'dance', null],
      ['x/b.mp4', null, null],
    ]);
  });

  it('takes its videos from another folder', async () => {
    await scratch.write('lists/train.csv', 'a.mp4 1\n');
    await scratch.touch('media/a.mp4');
    const [entry] = await scratch.entries('lists/train.csv', { videos: scratch.path('media') });
    assert.equal(entry?.path, scratch.path('media/a.mp4'));
    await assert.rejects(
      scratch.entries('lists/train.csv', { videos: scratch.path('nowhere') }),
      /there is no folder .*nowhere; give another --videos/,
    );
  });

  it('names the line that is wrong, what it says, and what would be right', async () => {
    await scratch.write('frames.csv', 'a.mp4 1\nframes/b 120 1\n');
    await assert.rejects(
      scratch.entries('frames.csv'),
      /frames\.csv, line 2: got "frames\/b 120 1": a line is the path of a video and its label, like/,
    );
  });

  it('must have lines that a list can have', async () => {
    await scratch.write('long.csv', `a.mp4 1\n${'x'.repeat(3 << 20)}`);
    await assert.rejects(scratch.entries('long.csv'), /long\.csv, line 2: the line is longer than/);
  });

  it('may name files that other programs would break lines in', async () => {
    await scratch.write('odd.csv', 'a\u2028b.mp4 1\n');
    assert.deepEqual(brief(await scratch.entries('odd.csv')), [['a\u2028b.mp4', '1', null]]);
  });
});
