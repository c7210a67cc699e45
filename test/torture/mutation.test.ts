import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from '../../cache/reader.js';
import { readQuarantine } from '../../cache/quarantine.js';
import { preprocess } from '../../pipeline/preprocess/preprocess.js';
import { makeVideo, scratchFolder, type MediaOptions } from '../support/media.js';
import { mutate } from './mutate.js';
import {
  digestsOf,
  LONG,
  onLinux,
  outlive,
  resetPeak,
  tortureRandom,
  watchPeaks,
} from './support.js';

const CASES = LONG ? 6000 : 120;
/** Files of one run. */
const BATCH = LONG ? 200 : 60;
const options = { frames: 4, stride: 2, size: 32, patch: 8, maskRatio: 0.75, jobs: 2, timeout: 10 };

const codecs = (video: string, audio: string) => `-c:v ${video} -c:a ${audio}`.split(' ');
const ORIGINALS: Readonly<Record<string, MediaOptions>> = {
  'a.mp4': { output: codecs('libx264 -pix_fmt yuv420p', 'aac') },
  'b.mp4': { output: codecs('mpeg4', 'aac -movflags +frag_keyframe+empty_moov') },
  'c.mkv': { output: codecs('libx264 -pix_fmt yuv420p -g 10', 'flac') },
  'd.webm': { output: codecs('libvpx -deadline realtime', 'libvorbis') },
  'e.webm': { output: codecs('libvpx-vp9 -deadline realtime -cpu-used 8', 'libopus') },
  'f.avi': { output: codecs('mpeg4 -vtag xvid', 'libmp3lame') },
  'g.ts': { output: codecs('mpeg2video', 'mp2') },
  'h.ts': { output: codecs('libx264 -pix_fmt yuv420p', 'aac') },
  'i.flv': { output: codecs('flv1', 'libmp3lame') },
  'j.mov': { output: codecs('mjpeg', 'pcm_s16le') },
  'k.ogv': { output: codecs('libtheora', 'libvorbis') },
  'l.mpg': { output: codecs('mpeg1video', 'mp2') },
  'm.wmv': { output: codecs('wmv2', 'wmav2') },
  'n.mkv': { output: codecs('ffv1', 'pcm_s16le') },
  'o.mp4': { output: codecs('libx265 -preset ultrafast -x265-params log-level=error', 'aac') },
};

describe('mutated files', function () {
  this.timeout(LONG ? 3_600_000 : 300_000);
  onLinux();
  const scratch = scratchFolder();
  const originals = new Map<string, Buffer>();

  before(async () => {
    await mkdir(scratch.path('originals'));
    for (const [name, media] of Object.entries(ORIGINALS)) {
      const path = scratch.path(`originals/${name}`);
      await makeVideo(path, { seconds: 1, picture: 'testsrc2=s=96x64:r=25', ...media });
      originals.set(name, await readFile(path));
    }
  });

  it(`${CASES} of them: no crash, no hang, nothing left behind, nothing half`, async () => {
    const draw = tortureRandom('mutation');
    const names = [...originals.keys()];
    const pick = () => names[Math.floor(draw() * names.length)] ?? '';
    const file = (name: string) => originals.get(name) ?? Buffer.of(0);
    const causes = new Map<string, number>();
    const tally = { written: 0, warned: 0, quarantined: 0, same: 0, slowest: 0 };
    await resetPeak();
    const { peaks, stop } = watchPeaks(process.pid);
    const start = performance.now();
    for (let batch = 0; batch * BATCH < CASES; batch++) {
      const [source, cache] = [scratch.path(`batch-${batch}`), scratch.path(`cache-${batch}`)];
      await mkdir(source);
      for (let i = 0; i < BATCH; i++) {
        const name = names[i % names.length] ?? '';
        const { bytes, what } = mutate(file(name), file(pick()), draw);
        await writeFile(join(source, `${i}-${what}-of-${name}`), bytes);
      }
      let last = performance.now();
      const summary = await preprocess({
        source,
        cache,
        options,
        onEvent: ({ event }) => {
          if (event !== 'progress') return;
          tally.slowest = Math.max(tally.slowest, performance.now() - last);
          last = performance.now();
        },
      });
      const told = `seed above, batch ${batch}: ${JSON.stringify(summary)}`;
      const quarantine = await readQuarantine(cache);
      assert.equal(summary.videos, BATCH, told);
      assert.equal(summary.written + summary.skipped + summary.quarantined, BATCH, told);
      assert.equal(quarantine.length, summary.quarantined, told);
      assert.equal((await digestsOf(cache)).size, summary.written, told);
      assert.deepEqual(await outlive(source), [], told);
      for (const { cause, stage } of quarantine) {
        assert.ok(stage !== '' && cause.length > 10, told);
        causes.set(`${stage}: ${cause}`, (causes.get(`${stage}: ${cause}`) ?? 0) + 1);
      }
      const reader = await openCache(cache);
      for (let i = 0; i < reader.size; i++) {
        const { flags } = reader.header(i);
        if (flags.warnings.length > 0 || flags.substituted > 0) tally.warned++;
      }
      await reader.close();
      tally.written += summary.written;
      tally.quarantined += summary.quarantined;
      tally.same += summary.skipped;
      await rm(source, { recursive: true });
      await rm(cache, { recursive: true });
    }
    stop();
    const seconds = (performance.now() - start) / 1000;
    const lines = [...causes].sort(([, a], [, b]) => b - a).map(([cause, n]) => `${n}× ${cause}`);
    process.stdout.write(
      `      ${JSON.stringify(tally)}, ${seconds.toFixed(0)} s, ours ${(peaks.own / 1e6).toFixed(0)} MB, ` +
        `ffmpeg ${(peaks.child / 1e6).toFixed(0)} MB\n        ${lines.join('\n        ')}\n`,
    );
    // Were all fine, or none, nothing would have been tried.
    assert.ok(tally.warned > 0 && tally.quarantined > 0 && tally.written > 0);
  });
});
