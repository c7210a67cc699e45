import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Duplex, Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openCache } from '../../cache/reader.js';
import type { Sample } from '../../cache/records.js';
import { preprocess } from '../../pipeline/index.js';
import {
  decode,
  index,
  logMel,
  mfcc,
  runPipeline,
  sample,
  shardCache,
  stage,
  StageError,
  tubeMask,
  videos,
  type DecodedRecord,
  type SampledClip,
} from '../../stages/index.js';
import { makeVideo, scratchFolder } from '../support/media.js';

const scratch = scratchFolder();
const X264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'];
const FRAMES = { frames: 4, stride: 2 };

async function samplesOf(cache: string): Promise<Sample[]> {
  const reader = await openCache(cache);
  try {
    const samples = Array.from({ length: reader.size }, (_, i) =>
      structuredClone(reader.sample(i)),
    );
    return samples.sort((a, b) => (a.header.key < b.header.key ? -1 : 1));
  } finally {
    await reader.close();
  }
}

describe('the stages of preprocessing as Node streams', () => {
  let clips = '';
  let cache = '';
  beforeEach(function () {
    cache = scratch.path(`cache-${(this.currentTest?.title ?? '').replace(/\W+/g, '-')}`);
  });
  before(async () => {
    clips = scratch.path('clips');
    await mkdir(clips);
    await makeVideo(join(clips, 'one.mp4'), { output: X264 });
    await makeVideo(join(clips, 'two.mp4'), { picture: 'mandelbrot=s=120x160:r=30', sound: null, output: X264 }); // prettier-ignore
  });

  it('make a cache in one sentence, the one that avme preprocess makes', async () => {
    await pipeline(
      videos(clips),
      index(),
      sample(FRAMES),
      decode({ size: 32 }),
      tubeMask({ ratio: 0.75, patch: 8 }),
      mfcc(),
      shardCache(cache),
    );
    const other = `${cache}-command`;
    const options = { ...FRAMES, size: 32, maskRatio: 0.75, patch: 8 };
    await preprocess({ source: clips, cache: other, options });
    const [own, its] = await Promise.all([samplesOf(cache), samplesOf(other)]);
    assert.equal(own.length, 2);
    // Where no cache names a clip before it is made, its mask is drawn by the clip's content alone.
    const masked = ({ mask }: Sample) => mask.reduce((sum, value) => sum + value, 0);
    assert.deepEqual(own.map(masked), [12, 12]);
    const rest = ({ header, frames, mfcc }: Sample) => ({ header, frames, mfcc });
    assert.deepEqual(own.map(rest), its.map(rest));
    // It is the same kind of cache: the command has nothing to add.
    const again = await preprocess({ source: clips, cache, options });
    assert.deepEqual([again.written, again.skipped], [0, 2]);
  });

  it('make another kind of cache of other MFCCs, the one that the command makes', async () => {
    const stages = (kind: 'meyda' | 'talknet') => [index(), sample(FRAMES), decode({ size: 32 }), tubeMask({ patch: 8, ratio: 0.75 }), mfcc({ kind })] as const; // prettier-ignore
    await pipeline(videos(clips), ...stages('talknet'), shardCache(cache));
    const [own] = await samplesOf(cache);
    assert.ok(own!.mfcc.every(Number.isFinite));
    await assert.rejects(pipeline(videos(clips), ...stages('meyda'), shardCache(cache)), /mfcc/);
    const options = { ...FRAMES, size: 32, maskRatio: 0.75, patch: 8, mfcc: 'talknet' } as const;
    const again = await preprocess({ source: clips, cache, options });
    assert.deepEqual([again.written, again.skipped], [0, 2]);
  });

  it('run again write nothing twice', async () => {
    const build = () =>
      pipeline(
        videos(clips),
        index(),
        sample(FRAMES),
        decode({ size: 32 }),
        tubeMask({ patch: 8, ratio: 0.75 }),
        mfcc(),
        logMel({ bands: 16 }),
        shardCache(cache),
      );
    await build();
    const first = await samplesOf(cache);
    assert.equal(first[0]!.mel!.length, 4 * 4 * 2 * 16);
    await build();
    assert.deepEqual(await samplesOf(cache), first);
  });

  it('let a Transform and an async generator of one’s own stand between them', async () => {
    const seen: string[] = [];
    const watch = new Transform({
      objectMode: true,
      transform(record: SampledClip, _encoding, done) {
        seen.push(record.entry.id);
        done(null, record);
      },
    });
    async function* darken(records: AsyncIterable<DecodedRecord>) {
      for await (const record of records)
        yield { ...record, frames: record.frames.map((value) => value >> 1) };
    }
    await pipeline(
      videos(clips),
      index(),
      sample(FRAMES),
      watch,
      decode({ size: 32 }),
      Duplex.from(darken),
      tubeMask({ patch: 8 }),
      mfcc(),
      shardCache(cache, { tools: { darken: 1 } }),
    );
    assert.deepEqual(seen, ['one.mp4', 'two.mp4']);
    const [dark] = await samplesOf(cache);
    assert.ok(dark!.frames.every((value) => value < 128));
    assert.ok(dark!.frames.some((value) => value > 60));
    await assert.rejects(
      preprocess({ source: clips, cache, options: { ...FRAMES, size: 32, patch: 8 } }),
      /tools/,
      'a stage of one’s own makes another kind of cache',
    );
  });

  it('give what cannot be used to onFailure, with stage and cause, and go on', async () => {
    const folder = scratch.path('mixed');
    await mkdir(folder);
    await makeVideo(join(folder, 'good.mp4'), { output: X264 });
    await writeFile(join(folder, 'bad.mp4'), 'this is no video');
    const failures: string[] = [];
    const onFailure = (error: unknown, { entry }: { entry: { id: string } }) => {
      assert.ok(error instanceof StageError);
      failures.push(`${entry.id}: ${error.message}`);
    };
    await pipeline(
      videos(folder),
      index({ onFailure }),
      sample(FRAMES),
      decode({ size: 32, onFailure }),
      tubeMask({ patch: 8 }),
      mfcc(),
      shardCache(cache),
    );
    assert.deepEqual(failures, [
      'bad.mp4: index: the index (moov) is missing: the file is truncated, or was never a video',
    ]);
    assert.equal((await samplesOf(cache)).length, 1);
    // Without a policy the first one ends the pipeline.
    await assert.rejects(
      pipeline(videos(folder), index(), new Writable({ objectMode: true, write: (_r, _e, done) => { done(); } })), // prettier-ignore
      /index \(moov\) is missing/,
    );
  });

  it('count what each of them does', async () => {
    const stages = [index({ concurrency: 2 }), sample({ ...FRAMES, clips: 3 }), decode({ size: 32, concurrency: 2 })]; // prettier-ignore
    const shout = stage('shout', (record: DecodedRecord) => [record]);
    const sink = shardCache(cache);
    const [first, ...others] = stages;
    await pipeline(videos(clips), first!, ...others, shout, tubeMask({ patch: 8 }), mfcc(), sink);
    assert.deepEqual(
      [...stages, shout, sink].map(({ counters }) => [counters.stage, counters.items]),
      [['index', 2], ['sample', 2], ['decode', 6], ['shout', 6], ['store', 6]], // prettier-ignore
    );
  });

  it('refuse what cannot be, naming the option, its value and what would be right', () => {
    assert.throws(() => sample({ frames: 3 }), /^RangeError: sample: frames \(3\) must be even/);
    assert.throws(() => tubeMask({ ratio: 1.5 }), /tubeMask: ratio \(1.5\) must be below 1/);
    assert.throws(() => decode({ size: 4 }), /decode: size \(4\)/);
    assert.throws(() => index({ timeout: -1 }), /index: timeout \(-1\)/);
    assert.throws(() => mfcc({ kind: 'htk' as 'meyda' }), /mfcc: kind/);
    assert.throws(() => logMel({ bands: 3 }), /logMel: bands \(3\)/);
    assert.throws(() => videos('x', { limit: 0 }), /videos: limit \(0\) must be 1 or more/);
  });

  it('say which stage is missing in front of them', async () => {
    await assert.rejects(
      pipeline(videos(clips), index(), decode({ size: 32 }), shardCache(cache)),
      /^RangeError: decode: the records have no sampling; put sample\(\) in front of it/,
    );
    await assert.rejects(
      pipeline(videos(clips), index(), sample(FRAMES), decode({ size: 32 }), shardCache(cache)),
      /^RangeError: shardCache: the records have no mask; put tubeMask\(\) in front of it/,
    );
    await assert.rejects(
      pipeline(Readable.from([]), shardCache(cache)),
      /no clip has come; the source is empty, or every clip failed/,
    );
    await assert.rejects(
      pipeline(videos(clips), index(), sample({ ...FRAMES, sampling: 'random', seed: 1 }), decode({ size: 32 }), tubeMask({ patch: 8, seed: 2 }), mfcc(), shardCache(cache)), // prettier-ignore
      /tubeMask: seed is 2, but an earlier stage has 1; give both the same/,
    );
  });

  it('close everything when they are stopped', async () => {
    const stop = new AbortController();
    const stages = [index(), sample({ ...FRAMES, clips: 50 }), decode({ size: 32 })] as const;
    const sink = shardCache(cache, { onStored: () => { stop.abort(); } }); // prettier-ignore
    const streams = [...stages, tubeMask({ patch: 8 }), mfcc()];
    const running = runPipeline([videos(clips), ...streams, sink], { signal: stop.signal });
    await assert.rejects(running, { name: 'AbortError' });
    assert.ok([...streams, sink].every(({ closed }) => closed));
    // What was stored is there, and the writer has let go of the cache.
    const again = await preprocess({ source: clips, cache, options: { ...FRAMES, clips: 50, size: 32, patch: 8 } }); // prettier-ignore
    assert.ok(again.skipped >= 1);
    assert.equal(again.skipped + again.written, 100);
  });
});
