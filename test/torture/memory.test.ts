import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { preprocess } from '../../pipeline/preprocess/preprocess.js';
import { scratchFolder } from '../support/media.js';
import { LONG } from './support.js';
import { makeTinyClips } from './tiny-clips.js';

/** Whole runs of thousands are bench/preprocess-memory.ts. */
const VIDEOS = LONG ? 1200 : 200;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Bytes that we hold, after all that nobody holds is gone. */
function held(): number {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('the memory of a run', function () {
  this.timeout(600_000);
  const scratch = scratchFolder();

  it(`is the same at the beginning and at the end of ${VIDEOS} videos`, async () => {
    const source = await makeTinyClips(scratch.path('videos'), VIDEOS);
    // The least of many moments: what is in hand just then comes and goes.
    const least = { early: Infinity, late: Infinity };
    const summary = await preprocess({
      source,
      cache: scratch.path('cache'),
      // A clip is 1.2 MB: to keep but one in ten, 15 MB, would show. Some four more or less are in hand.
      options: { frames: 8, stride: 1, size: 224, maskRatio: 0.75, jobs: 2 },
      onEvent: (event) => {
        if (event.event !== 'progress') return;
        const share = event.done / VIDEOS;
        if (share > 0.1 && share <= 0.3) least.early = Math.min(least.early, held());
        if (share > 0.75 && share <= 0.95) least.late = Math.min(least.late, held());
      },
    });
    assert.equal(summary.written, VIDEOS);
    const grown = least.late - least.early;
    process.stdout.write(`      ${(grown / 1e6).toFixed(2)} MB over ${0.65 * VIDEOS} videos\n`);
    assert.ok(grown < 10e6, `${grown} bytes`);
  });
});
