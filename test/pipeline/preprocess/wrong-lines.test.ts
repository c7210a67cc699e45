import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { readQuarantine } from '../../../cache/quarantine.js';
import { preprocess, type PreprocessRequest } from '../../../pipeline/preprocess/preprocess.js';
import type { PreprocessEvent } from '../../../pipeline/preprocess/tally.js';
import { videos } from '../../../stages/videos.js';
import { makeVideo, scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();
const options = { frames: 4, stride: 2, size: 32, patch: 8, maskRatio: 0.75, jobs: 2 };
let count = 0;

async function run(request: Partial<PreprocessRequest> & { source: string }) {
  const events: PreprocessEvent[] = [];
  const cache = request.cache ?? scratch.path(`cache${count++}`);
  const summary = await preprocess({ options, ...request, cache, onEvent: (event) => events.push(event) }); // prettier-ignore
  return { cache, summary: { ...summary, seconds: 0 }, events };
}

describe('lines of a list that are wrong', () => {
  before(async () => {
    await makeVideo(scratch.path('one.mp4'));
    await makeVideo(scratch.path('two.mp4'), { picture: 'mandelbrot=s=120x160:r=30', sound: null });
  });

  it('go into quarantine until they are right', async () => {
    const source = scratch.path('torn.jsonl');
    const lines = [
      '{"path":"one.mp4"}',
      '{"path":"two.mp4","start":3,"end":1}',
      '{"path":"two.mp4',
    ];
    await writeFile(source, lines.join('\n'));
    const { cache, summary, events } = await run({ source });
    assert.deepEqual(summary, { videos: 1, clips: 1, written: 1, skipped: 0, quarantined: 2, seconds: 0, interrupted: false }); // prettier-ignore
    const told = events.filter((event) => event.event === 'quarantined');
    assert.deepEqual(told.map(({ path, stage, detail }) => [path, stage, detail]), [
      [`${source}, line 2`, 'list', lines[1]],
      [`${source}, line 3`, 'list', lines[2]],
    ]); // prettier-ignore
    assert.match(told[0]!.cause, /^the line is wrong: end must come after start: 3 to 1 seconds/);
    const kept = await readQuarantine(cache);
    assert.deepEqual(kept.map(({ path, id }) => [path, id]), [[source, `${source}, line 2`], [source, `${source}, line 3`]]); // prettier-ignore

    await writeFile(source, [lines[0], lines[1], '{"path":"two.mp4"}'].join('\n'));
    const again = await run({ source, cache });
    assert.deepEqual([again.summary.written, again.summary.quarantined], [1, 1]);
    assert.deepEqual(again.events.filter(({ event }) => event === 'quarantined'), []); // prettier-ignore
    assert.deepEqual((await readQuarantine(cache)).map(({ id }) => id), [`${source}, line 2`]); // prettier-ignore
  });

  it('end the run when it is strict, or all are wrong, or more than may be', async () => {
    const source = scratch.path('wrong.csv');
    await writeFile(source, 'path,start\none.mp4,0\none.mp4,soon\n');
    await assert.rejects(run({ source, options: { ...options, strict: true } }), /wrong\.csv, line 3: got .*start: must be seconds/); // prettier-ignore
    await assert.rejects(run({ source, options: { ...options, maxFailures: '40%' } }), /stopped: 1 videos failed/); // prettier-ignore
    assert.equal((await run({ source, options: { ...options, maxFailures: '50%' } })).summary.quarantined, 1); // prettier-ignore
    await writeFile(source, 'path,start\none.mp4,x\none.mp4,y\n');
    await assert.rejects(run({ source }), /none of the 2 lines is right; the first: .*line 2: got/);
    await assert.rejects(videos(source).toArray(), /wrong\.csv, line 2: got/);
  });

  it('are counted, and a bounded number is named', async () => {
    const source = scratch.path('many.jsonl');
    await writeFile(source, `{"path":"one.mp4"}\n${'{}\n'.repeat(2345)}`);
    const { cache, summary } = await run({ source });
    assert.deepEqual([summary.written, summary.quarantined], [1, 2345]);
    assert.equal((await readQuarantine(cache)).length, 1000);
  });
});
