import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { preprocess } from '../../pipeline/preprocess.js';
import { scratchFolder } from '../support/media.js';
import { LONG } from './support.js';
import { makeTinyClips } from './tiny-clips.js';

/** Whole runs of thousands are bench/preprocess-memory.ts. */
const VIDEOS = LONG ? 1200 : 120;

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

  it(`is the same after ${VIDEOS / 4} videos and after ${VIDEOS}`, async () => {
    const source = await makeTinyClips(scratch.path('videos'), VIDEOS);
    const points = new Map<number, number>();
    const summary = await preprocess({
      source,
      cache: scratch.path('cache'),
      // A clip is 1.2 MB: to keep but one in ten would show.
      options: { frames: 8, stride: 1, size: 224, maskRatio: 0.75, jobs: 2 },
      onEvent: (event) => {
        if (event.event === 'progress' && [VIDEOS / 4, VIDEOS].includes(event.done))
          points.set(event.done, held());
      },
    });
    assert.equal(summary.written, VIDEOS);
    const grown = (points.get(VIDEOS) ?? NaN) - (points.get(VIDEOS / 4) ?? NaN);
    const each = grown / (0.75 * VIDEOS);
    process.stdout.write(
      `      ${(grown / 1e6).toFixed(2)} MB, ${each.toFixed(0)} bytes a video\n`,
    );
    // What is in hand differs by some clips.
    assert.ok(grown < 12e6, `${grown} bytes`);
  });
});
