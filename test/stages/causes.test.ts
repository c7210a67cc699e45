import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { CAUSES, noSuchStream, outsideVideo, tooLong } from '../../stages/causes.js';

/** The rows of the table in docs/reference/odd-media.md whose second column is the cause. */
async function documented(): Promise<string[]> {
  const page = await readFile('docs/reference/odd-media.md', 'utf8');
  const [, table = ''] = page.split(/^\| stage +\| cause +\|$/m);
  const [rows = ''] = table.split('\n\n');
  return rows.split('\n').map((row) => (row.split('|')[2] ?? '').trim()); // prettier-ignore
}

describe('causes of quarantine', () => {
  it('are all in the table of the documentation, in the same words', async () => {
    const rows = await documented();
    assert.ok(rows.length > 12);
    for (const cause of Object.values(CAUSES))
      assert.ok(rows.some((row) => `; ${row.replace(/ \([^)]*\)$/, '')};`.includes(`; ${cause};`)), cause);
    // What holds numbers stands there up to the first.
    for (const cause of [noSuchStream('picture', 1, []), outsideVideo({ start: 1, end: 2 }, 0, 1), tooLong(640, 10)]) {
      const [, words = ''] = /^(.*?) (?=\d)/.exec(cause) ?? [];
      assert.ok(rows.some((row) => row.startsWith(words)), words);
    }
  }); // prettier-ignore

  it('are sentences without an end', () => {
    for (const cause of Object.values(CAUSES)) assert.match(cause, /^[a-z][^.]*[^.]$/);
    assert.equal(noSuchStream('sound', 2, ['0: aac', '1: aac']), 'there is no sound stream 2 in the file; it has 0: aac; 1: aac'); // prettier-ignore
    assert.equal(outsideVideo({ start: 7, end: null }, 0, 2), 'no frame lies between 7 s and the end; the video has frames from 0.00 s to 2.00 s'); // prettier-ignore
  });
});
