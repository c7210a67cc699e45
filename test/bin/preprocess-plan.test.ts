import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { avme, refused } from '../support/cli.js';
import { makeVideo, scratchFolder } from '../support/media.js';

const scratch = scratchFolder();

describe('avme preprocess: which frames, in which form', () => {
  before(async () => {
    await mkdir(scratch.path('videos'));
    await makeVideo(join(scratch.path('videos'), 'a.mkv'), { picture: 'testsrc2=s=64x112:r=25', seconds: 4 }); // prettier-ignore
  });

  it('takes the options of the command line', async () => {
    const cache = scratch.path('cache');
    const made = await avme(['preprocess', scratch.path('videos'), '--cache', cache, '--json', '--frames', '4', '--size', '32', '--store-size', '48', '--fit', 'short-side', '--sampling', 'random', '--clips', '2', '--video-stream', '0', '--audio-stream', '0']); // prettier-ignore
    assert.equal(made.code, 0, made.stderr);
    assert.equal(made.events.at(-1)?.written, 2);
    const { events } = await avme(['inspect', cache, '--sample', '0', '--json', '--png', scratch.path('sheet.png')]); // prettier-ignore
    assert.deepEqual([events[0]?.width, events[0]?.height], [48, 84]);
  });

  it('says what cannot be', async () => {
    const videos = scratch.path('videos');
    await refused(['preprocess', videos, '--cache', scratch.path('x'), '--size', '64', '--store-size', '48'], 2, /store-size.*at least the size that the model sees: 48 is less than 64/); // prettier-ignore
    await refused(['preprocess', videos, '--cache', scratch.path('x'), '--sampling', 'odd'], 2, /sampling/); // prettier-ignore
    const { code, events } = await avme(['preprocess', videos, '--cache', scratch.path('y'), '--json', '--strict', '--video-stream', '3']); // prettier-ignore
    assert.equal(code, 3);
    assert.match(String(events.find(({ event }) => event === 'quarantined')?.cause), /no picture stream 3 .* it has 0: h264/); // prettier-ignore
  });
});
