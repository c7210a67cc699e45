import assert from 'node:assert/strict';
import { mkdir, rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { readQuarantine } from '../../cache/quarantine.js';
import { preprocess } from '../../pipeline/preprocess/preprocess.js';
import { decodeClip } from '../../stages/decode/decode-clip.js';
import { scratchFolder } from '../support/media.js';
import * as bombs from './bombs.js';
import { contentOf, LONG, onLinux, outlive, resetPeak, watchPeaks } from './support.js';

const options = { frames: 4, stride: 2, size: 32, patch: 8, maskRatio: 0.75, jobs: 1 };
/** What a bomb becomes: null for a sample, or the cause of its quarantine. */
type Outcome = RegExp | null;
type Bomb = readonly [name: string, make: (path: string) => Promise<void>, outcome: Outcome];

/** Seconds and GiB that one ffmpeg is given where it is to be cut off. */
const LIMITS = { timeout: 3, memory: 0.5 };
const LATE = /^ffmpeg took longer than 3 s and was stopped$/;
const HUNGRY = /^ffmpeg took more than 0\.5 GiB of memory and was stopped$/;
const EMPTY = /^its picture stream holds no frame$/;
const HDR = '-pix_fmt yuv420p10le -c:v ffv1 -color_trc smpte2084 -color_primaries bt2020 -colorspace bt2020nc'.split(' '); // prettier-ignore

const BOMBS: readonly Bomb[] = [
  // Long.
  ['two-hours-of-4k.mp4', bombs.long(3840, 2160, 50, 3600), null],
  ['two-hours-of-4k-after-one-keyframe.mp4', bombs.long(3840, 2160, 50, 3600, true), LATE],
  ['half-an-hour-of-8k.mp4', bombs.long(7680, 4320, 25, 1800), null],
  ['half-an-hour-of-gif.mp4', bombs.gif(2000, 45_000), LATE],
  ['three-hours-of-silence.mkv', bombs.silence(3), null],
  // Large.
  ['largest-picture.avi', bombs.picture('16384x8192', '-c:v', 'mjpeg', '-q:v', '31'), null],
  ['too-large-picture.avi', bombs.claim(65_500), /^its pictures are larger than avme decodes$/],
  ['large-apng.mp4', bombs.apng(10_000, 10_000, 3), null],
  ['too-large-apng.mp4', bombs.apng(13_000, 13_000, 2), /larger than avme decodes/],
  ['too-large-gif.mp4', bombs.gif(65_535, 20), /larger than avme decodes/],
  ['hundred-tracks-of-8k.webm', bombs.tracks('7680x4320', 120), HUNGRY],
  // Lies.
  ['two-billion-packets.mp4', bombs.packets(0x7fffffff, 1), EMPTY],
  ['hundred-million-packets.mp4', bombs.packets(1e8, 1), EMPTY],
  ['four-million-packets-in-one-place.mp4', bombs.packets(4e6, 100_000), LATE],
  ['index-of-4-gigabytes.mov', bombs.compressedIndex(0xffffffff), /no picture stream/],
  ['index-of-half-a-gigabyte.mov', bombs.compressedIndex(1 << 29), /no picture stream/],
  ['sound-of-two-gigahertz.avi', bombs.rate(0x7fffffff), null],
  ['sound-of-ten-megahertz.avi', bombs.rate(10_000_000), null],
  ['sound-of-one-hertz.avi', bombs.rate(1), null],
];

/** These take gigabytes, or minutes. */
const LARGE: readonly Bomb[] = [
  ['hdr-of-8k.mkv', bombs.picture('7680x4320', ...HDR), null],
  ['hdr-of-16k.mkv', bombs.picture('16384x8192', ...HDR), /more than 4 GiB of memory/],
  ['hundred-tracks-of-8k-with-4-gigabytes.webm', bombs.tracks('7680x4320', 120), /more than 4 GiB of memory/],
  ['twenty-million-packets.mp4', bombs.packets(2e7, 250_000), /./],
]; // prettier-ignore

describe('decompression bombs', function () {
  this.timeout(600_000);
  onLinux();
  const scratch = scratchFolder();

  for (const [name, make, cause] of LONG ? [...BOMBS, ...LARGE] : BOMBS)
    it(`${name}: ${cause === null ? 'a sample' : 'cut off'}, in bounded time and memory`, async () => {
      const source = scratch.path(`${name}-source`);
      const [cache, path] = [scratch.path(`${name}-cache`), `${source}/${basename(name)}`];
      await mkdir(source);
      await make(path);
      const { size } = await stat(path);
      assert.ok(size < 7e6, `a bomb is small, not ${size} bytes`);
      await resetPeak();
      // What the tests before this one have left in this process is none of the bomb's.
      const before = process.memoryUsage.rss();
      const { peaks, stop } = watchPeaks(process.pid);
      const start = performance.now();
      const summary = await preprocess({
        source,
        cache,
        options: { ...options, ...((cause === LATE || cause === HUNGRY) && LIMITS) },
      });
      const seconds = (performance.now() - start) / 1000;
      stop();
      const [failure] = await readQuarantine(cache);
      process.stdout.write(
        `      ${name}: ${(size / 1e6).toFixed(2)} MB, ${seconds.toFixed(1)} s, ours ${(peaks.own / 1e6).toFixed(0)} MB, ` +
          `ffmpeg ${(peaks.child / 1e6).toFixed(0)} MB: ${failure === undefined ? 'written' : `${failure.stage}: ${failure.cause}`}\n`,
      );
      assert.deepEqual(await outlive(source), []);
      assert.equal(summary.written + summary.quarantined, 1);
      if (cause === null) assert.equal(failure, undefined, failure?.detail);
      else assert.match(failure?.cause ?? 'written', cause);
      assert.equal((await contentOf(cache)).samples.length, summary.written);
      assert.ok(peaks.child < 5 * 1024 ** 3, `ffmpeg took ${peaks.child} bytes`);
      assert.ok(peaks.own - before < 0.5 * 1024 ** 3, `avme took ${peaks.own - before} bytes`);
      await rm(source, { recursive: true });
    });

  it('cost their time once, not once a clip', async () => {
    const source = scratch.path('clips');
    await mkdir(source);
    await bombs.long(1920, 1080, 25, 4000, true)(`${source}/hour.mp4`);
    const tried: number[] = [];
    const decode: typeof decodeClip = (index, sampling, ...rest) => {
      tried.push(sampling.times[0] ?? NaN);
      return decodeClip(index, sampling, ...rest);
    };
    const cache = scratch.path('clips-cache');
    const summary = await preprocess({
      source,
      cache,
      options: { ...options, ...LIMITS, clips: 12 },
      stages: { decode },
    });
    assert.match((await readQuarantine(cache))[0]?.cause ?? '', LATE);
    // The first clip is at the beginning; one of the others took too long, and was the last.
    assert.equal(summary.written + 1, tried.length);
    assert.ok(tried.length < 12, `${tried.length}`);
  });
});
