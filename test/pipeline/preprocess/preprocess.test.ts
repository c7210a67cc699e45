import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from '../../../cache/reader.js';
import { readQuarantine } from '../../../cache/quarantine.js';
import type { Sample } from '../../../cache/records.js';
import { preprocess, type PreprocessRequest } from '../../../pipeline/preprocess/preprocess.js';
import { preprocessOptions } from '../../../pipeline/preprocess/options.js';
import type { PreprocessEvent } from '../../../pipeline/preprocess/tally.js';
import { makeVideo, scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();
const options = { frames: 4, stride: 2, size: 32, patch: 8, maskRatio: 0.75, jobs: 2 };
const X264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'];
let count = 0;

/** A folder with two classes, a file that is no video, and a broken one. */
async function dataSet(): Promise<string> {
  const folder = scratch.path(`videos${count++}`);
  await mkdir(join(folder, 'a'), { recursive: true });
  await mkdir(join(folder, 'b'));
  await copyFile(scratch.path('one.mp4'), join(folder, 'a', 'one.mp4'));
  await copyFile(scratch.path('two.mp4'), join(folder, 'b', 'two.mp4'));
  await writeFile(join(folder, 'b', 'broken.mp4'), 'this is no video');
  await writeFile(join(folder, 'notes.txt'), 'x');
  return folder;
}

async function run(request: Partial<PreprocessRequest> & { source: string }) {
  const events: PreprocessEvent[] = [];
  const cache = request.cache ?? scratch.path(`cache${count++}`);
  const summary = await preprocess({ options, ...request, cache, onEvent: (event) => events.push(event) }); // prettier-ignore
  return { cache, summary: { ...summary, seconds: 0 }, events };
}

async function samplesOf(cache: string): Promise<Sample[]> {
  const reader = await openCache(cache);
  try {
    const samples: Sample[] = [];
    for (let i = 0; i < reader.size; i++) samples.push(structuredClone(reader.sample(i)));
    return samples;
  } finally {
    await reader.close();
  }
}

describe('preprocessing', () => {
  before(async () => {
    await makeVideo(scratch.path('one.mp4'), { output: X264 });
    await makeVideo(scratch.path('two.mp4'), { picture: 'mandelbrot=s=120x160:r=30', sound: null, output: X264 }); // prettier-ignore
  });

  it('makes a cache of a folder', async () => {
    const { cache, summary, events } = await run({ source: await dataSet() });
    assert.deepEqual(summary, { videos: 3, clips: 2, written: 2, skipped: 0, quarantined: 1, seconds: 0, interrupted: false }); // prettier-ignore
    assert.deepEqual(events[0], {
      event: 'start',
      kind: 'folder',
      total: 3,
      ignored: { '.txt': 1 },
      wrongLines: 0,
    });
    const progress = events.filter((event) => event.event === 'progress');
    assert.deepEqual(progress.map(({ done }) => done), [1, 2, 3]); // prettier-ignore
    const { stages, seconds } = progress[2]!;
    assert.deepEqual(
      stages.map(({ stage, items, places }) => [stage, items, places]),
      [['read', 3, 2], ['index', 3, 2], ['sample', 2, 1], ['decode', 2, 2], ['tube-mask', 2, 1], ['mfcc', 2, 1], ['store', 2, 1]],
    ); // prettier-ignore
    for (const { items, itemsPerSecond, busyShare, queued } of stages) {
      assert.equal(itemsPerSecond, items / seconds);
      assert.ok(busyShare > 0 && busyShare <= 1, `${busyShare}`);
      assert.ok(queued >= 0);
    }

    const [one, two] = (await samplesOf(cache)).sort((a, b) => (a.header.id < b.header.id ? -1 : 1)); // prettier-ignore
    assert.deepEqual([one!.header.id, one!.header.label, two!.header.label], ['a/one.mp4', 'a', 'b']); // prettier-ignore
    assert.equal(one!.header.flags.audioPresent, true);
    assert.equal(two!.header.flags.audioPresent, false);
    assert.equal(one!.frames.length, 4 * 32 * 32 * 3);
    assert.equal(one!.mask.reduce((sum, value) => sum + value, 0), 12); // prettier-ignore
    assert.equal(one!.mfcc.length, 4 * 4 * 2 * 13);
    assert.ok(one!.mfcc.some((value) => value !== 0));
    assert.ok(two!.mfcc.every((value) => value === 0));

    const [broken] = await readQuarantine(cache);
    assert.equal(broken!.id, 'b/broken.mp4');
    assert.equal(broken!.stage, 'index');
    assert.match(broken!.cause, /index \(moov\) is missing/);
    assert.match(broken!.detail, /Invalid data/);
  });

  it('adds nothing the second time, and what is new the third', async () => {
    const source = await dataSet();
    const { cache } = await run({ source });
    const first = await samplesOf(cache);
    const again = await run({ source, cache });
    assert.deepEqual(again.summary, { videos: 3, clips: 2, written: 0, skipped: 2, quarantined: 1, seconds: 0, interrupted: false }); // prettier-ignore
    assert.equal(again.events.some(({ event }) => event === 'quarantined'), false); // prettier-ignore
    assert.equal((await readFile(join(cache, 'quarantine.jsonl'), 'utf8')).trim().split('\n').length, 1); // prettier-ignore
    await makeVideo(join(source, 'a', 'three.mp4'), { seconds: 1, output: X264 });
    assert.equal((await run({ source, cache })).summary.written, 1);
    assert.equal((await run({ source })).summary.written, 3);
    const all = await samplesOf(cache);
    for (const sample of first)
      assert.deepEqual(all.find(({ header }) => header.key === sample.header.key), sample); // prettier-ignore
  });

  it('gives the same bytes however many are worked on at once', async () => {
    const source = await dataSet();
    const [alone, together] = await Promise.all([1, 4].map((jobs) => run({ source, options: { ...options, clips: 3, jobs } }))); // prettier-ignore
    assert.equal(alone!.summary.written, 6);
    assert.deepEqual(await samplesOf(alone!.cache), await samplesOf(together!.cache));
  });

  it('takes a video out of quarantine once it can be used', async () => {
    const source = await dataSet();
    const { cache } = await run({ source });
    const tried = await run({ source, cache, options: { ...options, retryFailed: true } });
    assert.equal(tried.summary.quarantined, 1);
    assert.ok(tried.events.some(({ event }) => event === 'quarantined'));
    // Another content is tried without being asked.
    await makeVideo(join(source, 'b', 'broken.mp4'), { seconds: 1, output: X264 });
    const mended = await run({ source, cache });
    assert.deepEqual([mended.summary.written, mended.summary.quarantined], [1, 0]);
    assert.deepEqual(await readQuarantine(cache), []);
  });

  it('leaves out a second file of the same content, and says so', async () => {
    const source = await dataSet();
    await copyFile(join(source, 'a', 'one.mp4'), join(source, 'b', 'copy.mp4'));
    const { summary, events } = await run({ source });
    assert.deepEqual([summary.written, summary.skipped], [2, 1]);
    assert.deepEqual(events.find(({ event }) => event === 'duplicate'), { event: 'duplicate', path: join(source, 'b', 'copy.mp4'), of: join(source, 'a', 'one.mp4') }); // prettier-ignore
  });

  it('takes segments from a list, and misses missing files', async () => {
    const list = scratch.path('list.jsonl');
    const lines = [
      { path: 'one.mp4', label: 'x', start: 0.5, end: 1 },
      { path: 'one.mp4', label: 'x', start: 1, end: 2 },
      { path: 'one.mp4', start: 7 },
      { path: 'gone.mp4' },
    ];
    await writeFile(list, lines.map((line) => JSON.stringify(line)).join('\n'));
    const { cache, summary } = await run({ source: list });
    assert.deepEqual([summary.written, summary.quarantined], [2, 2]);
    for (const { header } of await samplesOf(cache))
      assert.ok(header.times.every((time) => time >= header.start! - 1e-9 && time < header.end!));
    assert.deepEqual((await readQuarantine(cache)).map(({ stage }) => stage).sort(), ['read', 'sample']); // prettier-ignore
  });

  it('stops when too many fail, and keeps what is done', async () => {
    const source = await dataSet();
    await writeFile(join(source, 'b', 'c.mp4'), 'bad too');
    const cache = scratch.path('limited');
    for (const maxFailures of ['1', '40%'])
      await assert.rejects(run({ source, cache, options: { ...options, maxFailures, retryFailed: true } }), /stopped: 2 videos failed/); // prettier-ignore
    assert.equal((await readQuarantine(cache)).length, 2);
    assert.equal((await run({ source, cache, options: { ...options, maxFailures: '50%' } })).summary.quarantined, 2); // prettier-ignore
  });

  it('can be interrupted and goes on where it was', async () => {
    const source = await dataSet();
    const abort = new AbortController();
    const cache = scratch.path('interrupted');
    const many = { ...options, clips: 20, jobs: 1 };
    const stopped = await preprocess({ source, cache, options: many, signal: abort.signal, onEvent: (event) => { if (event.event === 'progress' && event.written > 0) abort.abort(); } }); // prettier-ignore
    assert.equal(stopped.interrupted, true);
    assert.ok(stopped.written > 0 && stopped.written < 40, `${stopped.written}`);
    assert.deepEqual(process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap'), []); // prettier-ignore
    const rest = await run({ source, cache, options: many });
    assert.equal(rest.summary.skipped, stopped.written);
    assert.equal(rest.summary.written, 40 - stopped.written);
    const undisturbed = await run({ source, options: many });
    const byKey = (samples: Sample[]) =>
      new Map(samples.map((sample) => [sample.header.key, sample]));
    assert.deepEqual(byKey(await samplesOf(cache)), byKey(await samplesOf(undisturbed.cache)));
  });

  it('lets stages be replaced', async () => {
    const { cache } = await run({
      source: await dataSet(),
      stages: { mask: (positions) => new Uint8Array(positions).fill(1, 0, 12) },
      tools: { mask: 'first twelve' },
    });
    for (const { mask } of await samplesOf(cache)) assert.equal(mask.join(''), '1111111111110000');
  });

  it('takes an error that is no bad file for what it is', async () => {
    const mfcc = () => {
      throw new TypeError('a defect');
    };
    await assert.rejects(run({ source: await dataSet(), stages: { mfcc } }), /a defect/);
  });

  it('refuses what cannot be', async () => {
    const source = await dataSet();
    const { cache } = await run({ source });
    await assert.rejects(run({ source: scratch.path('nowhere') }), /there is no folder or list/);
    const empty = scratch.path('empty');
    await mkdir(empty);
    await assert.rejects(run({ source: empty }), /there is no video in .*: it is empty/);
    await writeFile(join(empty, 'x.txt'), '');
    await assert.rejects(run({ source: empty }), /passed over: 1 \.txt/);
    await rm(join(source, 'notes.txt'));
    await assert.rejects(run({ source, cache, options: { ...options, stride: 1 } }), /other settings[^]*stride/); // prettier-ignore
  });

  it('refuses options that cannot be, in words', () => {
    const bad = {
      frames: [{ frames: 15 }, /must be even/],
      maskRatio: [{ maskRatio: 1 }, /below 1/],
      patch: [{ size: 100 }, /must divide the frame size/],
      maxFailures: [{ maxFailures: 'many' }, /a number of videos or a share/],
      hidden: [{ size: 32, maskRatio: 0.1 }, /hides 0 of 4 positions/],
      store: [
        { store: 'webp', size: 1024 },
        /16 frames of 1024×1024 are too large for one webp picture/,
      ],
      quality: [{ quality: 0 }, /expected number to be >=1/],
      unknown: [{ frame: 16 }, /[Uu]nrecognized key/],
    } as const;
    for (const [input, words] of Object.values(bad)) {
      const issues = preprocessOptions.safeParse(input).error?.issues ?? [];
      assert.match(issues.map(({ message }) => message).join(), words);
    }
    const { jobs, ...fixed } = preprocessOptions.parse({});
    assert.ok(jobs >= 1);
    assert.deepEqual(fixed, { sourceKind: null, videos: null, columns: null, fold: null, trimmed: false, split: null, filter: null, limit: null, shard: null, scratch: null, videoStream: null, audioStream: null, frames: 16, stride: 4, clips: 1, sampling: 'even', size: 224, storeSize: null, fit: 'crop', patch: 16, maskRatio: 0.9, mfcc: 'meyda', mel: 0, store: 'raw', quality: 90, seed: 0, timeout: 300, memory: 4, decoder: 'auto', maxFailures: null, retryFailed: false, strict: false }); // prettier-ignore
  });
});
