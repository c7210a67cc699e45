import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { truncate } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { FrameFit } from '../../../stages/decode/frame-filter.js';
import { decodeClip } from '../../../stages/decode/decode-clip.js';
import { LibavDecoder } from '../../../stages/libav/decoder.js';
import { indexVideo } from '../../../stages/probe/index-video.js';
import { sampleClips } from '../../../stages/sample/sample-clips.js';
import { needsLibav } from '../../support/libav.js';
import { makeVideo, scratchFolder } from '../../support/media.js';
import { slow } from '../../support/slow.js';

const context = { timeout: 60 };
const run = promisify(execFile);

/** Largest difference of two lists of the same length. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++)
    largest = Math.max(largest, Math.abs((a[i] ?? NaN) - (b[i] ?? NaN)));
  return largest;
}

/** Processes that decode for this one. */
async function children(): Promise<number[]> {
  const { stdout } = await run('pgrep', ['-P', String(process.pid), '-f', 'libav/child/worker']);
  return stdout.trim().split('\n').map(Number);
}

slow.describe('decoding by libav', function () {
  this.timeout(60_000);
  const binding = needsLibav();
  const { path } = scratchFolder();
  let decoder: LibavDecoder;
  beforeEach(() => (decoder = new LibavDecoder(binding(), 1, 4)));
  afterEach(() => decoder.close());

  /** A plain video that libav has taken, and a clip of it. */
  async function indexed(name: string) {
    const file = await makeVideo(path(name), { seconds: 4 });
    const index = await decoder.index(file, context);
    const [sampling] = sampleClips(index, { frames: 8, stride: 2, clips: 1 });
    return { index, sampling };
  }

  for (const [name, output] of [
    ['h264.mp4', ['-c:v', 'libx264', '-g', '12', '-c:a', 'aac']],
    ['vp9.webm', ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-c:a', 'libopus']],
    ['hevc.mkv', ['-c:v', 'libx265', '-x265-params', 'log-level=error', '-c:a', 'libopus']],
    ['mjpeg.avi', ['-c:v', 'mjpeg', '-c:a', 'pcm_s16le']],
  ] as const)
    it(`gives the frames and the sound that ffmpeg gives: ${name}`, async () => {
      const file = await makeVideo(path(name), { seconds: 4, output });
      const [index, other] = [await decoder.index(file, context), await indexVideo(file, context)];
      assert.deepEqual(index.times, other.times);
      assert.deepEqual(index.keyframes, other.keyframes);
      const samplings = sampleClips(other, { frames: 8, stride: 2, clips: 3 });
      for (const [i, fit] of (['crop', 'short-side', 'pad', 'stretch'] as const).entries()) {
        const form: FrameFit = { size: 64, fit };
        const sampling = samplings[i % 3]!;
        const clip = await decoder.decode(index, sampling, form, context);
        const expected = await decodeClip(other, sampling, form, context);
        assert.equal(difference(clip.frames, expected.frames), 0, `${name} ${fit}`);
        assert.deepEqual(clip.times, expected.times);
        // Versions of ffmpeg end the sound differently: the last clip reaches to its end.
        const audible = sampling.span[1] < 3.5 ? Infinity : Math.round((3.9 - sampling.span[0]) * 16000); // prettier-ignore
        const [own, others] = [clip.audio?.subarray(0, audible), expected.audio?.subarray(0, audible)]; // prettier-ignore
        assert.ok(own !== undefined && others !== undefined);
        assert.ok(difference(own, others) <= 3e-7, `${name} ${difference(own, others)}`);
      }
      assert.equal(decoder.report.taken, 5);
      assert.equal(decoder.report.handedOver.size, 0);
    });

  it('repeats a frame that the clip holds', async () => {
    const file = await makeVideo(path('short.mp4'), { seconds: 0.4 });
    const index = await decoder.index(file, context);
    const [sampling] = sampleClips(index, { frames: 16, stride: 4, clips: 1 });
    const clip = await decoder.decode(index, sampling!, { size: 32, fit: 'crop' }, context);
    const expected = await decodeClip(index, sampling!, { size: 32, fit: 'crop' }, context);
    assert.deepEqual(Buffer.from(clip.frames), Buffer.from(expected.frames));
    assert.equal(decoder.report.taken, 2);
  });

  it('hands what is out of the ordinary over to ffmpeg, and says why', async () => {
    const whole = await makeVideo(path('cut.mp4'), { output: ['-movflags', '+faststart'] });
    await truncate(whole, 20_000);
    const index = await decoder.index(whole, context);
    const [sampling] = sampleClips(index, { frames: 8, stride: 2, clips: 1 });
    const form = { size: 32, fit: 'crop' } as const;
    const clip = await decoder.decode(index, sampling!, form, context);
    const expected = await decodeClip(await indexVideo(whole, context), sampling!, form, context);
    assert.deepEqual(Buffer.from(clip.frames), Buffer.from(expected.frames));
    await assert.rejects(decoder.index(path('missing.mp4'), context));
    const stream = await makeVideo(path('stream.ts'));
    await decoder.index(stream, context);
    assert.match([...decoder.report.handedOver.keys()].join('; '), /container is mpegts/);
    assert.ok(decoder.report.handedOver.size >= 2);
  });

  it('outlives the death of its child, again and again', async function () {
    if (process.platform !== 'linux') this.skip();
    const { index, sampling } = await indexed('plain.mp4');
    const expected = await decodeClip(index, sampling!, { size: 32, fit: 'crop' }, context);
    for (const signal of ['SIGKILL', 'SIGSEGV', 'SIGKILL'] as const) {
      const before = await children();
      // While it works: it has been asked by then, and takes longer than a signal.
      const asked = decoder.decode(index, sampling!, { size: 32, fit: 'crop' }, context);
      for (const pid of before) process.kill(pid, signal);
      const clip = await asked;
      assert.deepEqual(Buffer.from(clip.frames), Buffer.from(expected.frames));
      assert.notDeepEqual(await children(), before);
    }
    assert.equal(decoder.report.taken, 4);
  });

  it('hands a clip over that a stopped child does not finish in time', async function () {
    if (process.platform !== 'linux') this.skip();
    const { index, sampling } = await indexed('hang.mp4');
    for (const pid of await children()) process.kill(pid, 'SIGSTOP');
    const clip = await decoder.decode(index, sampling!, { size: 32, fit: 'crop' }, { timeout: 2 });
    assert.equal(clip.frames.length, 8 * 32 * 32 * 3);
    assert.match([...decoder.report.handedOver.keys()].join(), /longer than 2 s/);
  });

  it('hands over what takes too much memory', async function () {
    if (process.platform !== 'linux') this.skip();
    const { index, sampling } = await indexed('memory.mp4');
    for (const pid of await children()) process.kill(pid, 'SIGSTOP');
    // ffmpeg keeps the same limit, and a small clip is over before it is looked at.
    const limits = { timeout: 20, memory: 0.01 };
    await decoder
      .decode(index, sampling!, { size: 32, fit: 'crop' }, limits)
      .catch(() => undefined);
    assert.match([...decoder.report.handedOver.keys()].join(), /GiB of memory/);
  });

  it('is aborted at once, and leaves no process', async function () {
    if (process.platform !== 'linux') this.skip();
    const file = await makeVideo(path('abort.mp4'), { seconds: 4 });
    const index = await decoder.index(file, context);
    const [sampling] = sampleClips(index, { frames: 8, stride: 2, clips: 1 });
    const pids = await children();
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    const abort = new AbortController();
    const asked = decoder.decode(index, sampling!, { size: 32, fit: 'crop' }, { ...context, signal: abort.signal }); // prettier-ignore
    setTimeout(() => { abort.abort(new Error('enough')); }, 100); // prettier-ignore
    await assert.rejects(asked, /enough/);
    await decoder.close();
    for (const pid of pids) assert.throws(() => process.kill(pid, 0));
  });

  it('says why a binding does not load', async () => {
    const broken = new LibavDecoder(path('nothing.node'), 1, 4);
    await assert.rejects(broken.hello(), /Cannot find module/);
    await broken.close();
  });
});
