import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { decodeClip } from '../../../stages/decode/decode-clip.js';
import { indexVideo } from '../../../stages/probe/index-video.js';
import { sampleClips, type ClipPlan } from '../../../stages/sample/sample-clips.js';
import { ffmpeg, makeVideo, scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();
const context = { timeout: 60 };
const SIZE = 32;
const PLAN: ClipPlan = { frames: 8, stride: 3, clips: 3 };
const X264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '20'];

async function decode(path: string, plan: Partial<ClipPlan> = {}) {
  const index = await indexVideo(path, context);
  const samplings = sampleClips(index, { ...PLAN, ...plan });
  const clips = [];
  for (const sampling of samplings)
    clips.push({ ...sampling, ...(await decodeClip(index, sampling, { size: SIZE, fit: 'stretch' }, context)) }); // prettier-ignore
  return { index, clips };
}

/** Every frame as ffmpeg alone decodes the file from its beginning. */
async function allFrames(path: string): Promise<Buffer[]> {
  const scale = `scale=${SIZE}:${SIZE}:flags=bicubic+accurate_rnd+full_chroma_int+bitexact`;
  const bytes = await ffmpeg('-i', `file:${path}`, '-map', '0:V:0', '-vf', scale, '-vsync', '0', '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-'); // prettier-ignore
  const step = SIZE * SIZE * 3;
  return Array.from({ length: bytes.length / step }, (_, i) => bytes.subarray(i * step, (i + 1) * step)); // prettier-ignore
}

/** Every clip shows, bit for bit, the frames that were chosen for it, and nothing is wrong with any. */
async function assertExact(path: string, plan: Partial<ClipPlan> = {}) {
  const reference = await allFrames(path);
  const { index, clips } = await decode(path, plan);
  assert.equal(index.times.length, reference.length);
  for (const { frames, times, targets, substituted, warnings } of clips) {
    assert.deepEqual([substituted, warnings], [0, []]);
    times.forEach((time, i) => {
      const frame = frames.subarray(i * SIZE * SIZE * 3, (i + 1) * SIZE * SIZE * 3);
      assert.ok(reference[index.times.indexOf(time)]?.equals(frame), `frame ${i} at ${time}`);
      assert.ok(time <= targets[i]! + index.interval / 2);
    });
  }
  return { index, clips };
}

const video = (name: string, seconds: number, output: readonly string[], sound: string | null = null) =>
  makeVideo(scratch.path(name), { picture: `testsrc2=s=64x48:r=25:d=${seconds}`, sound, seconds, output }); // prettier-ignore

describe('odd times, bit for bit', () => {
  it('a file without any duration or index (Matroska as it is streamed)', async () => {
    await writeFile(scratch.path('live.mkv'), await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=4', ...X264, '-f', 'matroska', '-live', '1', '-')); // prettier-ignore
    await assertExact(scratch.path('live.mkv'));
  });

  it('bare streams of pictures, which have no times of their own', async () => {
    for (const [name, ...output] of [
      ['b.h264', ...X264, '-bf', '3'],
      ['b.hevc', '-c:v', 'libx265', '-x265-params', 'log-level=none:bframes=3'],
      ['p.m4v', '-c:v', 'mpeg4'],
      ['i.mjpeg', '-c:v', 'mjpeg'],
      ['raw.y4m'],
    ] as const) {
      const path = await video(name, 3, output);
      const reference = await allFrames(path);
      for (const { frames, times, substituted, warnings } of (await decode(path)).clips) {
        assert.deepEqual([substituted, warnings], [0, []]);
        // The decoder counts from 0 at 25 a second.
        times.forEach((time, i) => {
          const frame = frames.subarray(i * SIZE * SIZE * 3, (i + 1) * SIZE * SIZE * 3);
          assert.ok(reference[Math.round(time * 25)]?.equals(frame), `${name}: ${time}`);
        });
      }
    }
  });

  it('a cut in front of which an edit list hides frames', async () => {
    await ffmpeg('-ss', '2.5', '-i', await video('long.mp4', 8, [...X264, '-bf', '2']), '-c', 'copy', '-t', '4', scratch.path('cut.mp4')); // prettier-ignore
    const { index } = await assertExact(scratch.path('cut.mp4'));
    // The first keyframe is hidden, and the frames that depend on it are there all the same.
    assert.ok(index.keyframes[0]! < 0 && index.times[0]! >= 0 && index.times[0]! < 0.04);
  });

  it('a clock that wraps (33 bits at 90 kHz)', async () => {
    for (const [name, ...output] of [['wrap.ts', ...X264], ['wrap.mpg', '-c:v', 'mpeg2video']] as const) {
      const { index, clips } = await assertExact(await video(name, 8, [...output, '-output_ts_offset', '95440']));
      assert.ok(index.times[0]! < 0 && index.times.at(-1)! > 0);
      assert.ok(Math.abs(clips[1]!.span[0] - (index.times[0]! + index.end - 0.96) / 2) < 0.05);
    }
  }); // prettier-ignore

  it('a clock that jumps: clips keep to either side', async () => {
    const parts = await Promise.all([
      readFile(await video('before.ts', 4, X264)),
      readFile(await video('after.ts', 6, [...X264, '-output_ts_offset', '5000'])),
    ]);
    await writeFile(scratch.path('jump.ts'), Buffer.concat(parts));
    const { clips } = await assertExact(scratch.path('jump.ts'), { clips: 5 });
    assert.deepEqual(clips.map(({ span }) => span[1] < 10), [true, true, false, false, false]); // prettier-ignore
    for (const { held, times } of clips) assert.ok(held === 0 && times.at(-1)! - times[0]! < 1);
  });

  it('a clock that goes back: what comes twice is shown once', async () => {
    const parts = await Promise.all([readFile(await video('first.ts', 4, X264)), readFile(await video('again.ts', 7, X264))]); // prettier-ignore
    await writeFile(scratch.path('back.ts'), Buffer.concat(parts));
    const { index, clips } = await decode(scratch.path('back.ts'), { clips: 6 });
    assert.ok(Math.abs(index.interval - 0.04) < 1e-3 && index.end - index.times[0]! < 7.1);
    for (const { times, held } of clips) {
      assert.equal(held, 0);
      assert.ok(times.every((time, i) => i === 0 || time > times[i - 1]!));
    }
  });

  it('headers that lie of every duration and count', async () => {
    const mp4 = await readFile(await video('honest.mp4', 4, X264));
    for (const [box, at] of [['mvhd', 16], ['tkhd', 20], ['mdhd', 16]] as const)
      mp4.writeUInt32BE(0x7fffffff, mp4.indexOf(box) + 4 + at);
    await writeFile(scratch.path('lying.mp4'), mp4);
    const avi = await readFile(await video('honest.avi', 4, ['-c:v', 'mpeg4', '-bf', '0']));
    avi.writeUInt32LE(0x7fffffff, avi.indexOf('avih') + 8 + 16);
    avi.writeUInt32LE(7, avi.indexOf('strh') + 8 + 32);
    await writeFile(scratch.path('lying.avi'), avi);
    for (const name of ['lying.mp4', 'lying.avi']) {
      const { index } = await assertExact(scratch.path(name));
      assert.ok(Math.abs(index.end - index.times[0]! - 4) < 0.05, `${index.end}`);
    }
  }); // prettier-ignore

  it('240 frames a second', async () => {
    const path = await makeVideo(scratch.path('fast.mp4'), { picture: 'testsrc2=s=64x48:r=240', seconds: 1, output: [...X264, '-c:a', 'aac'] }); // prettier-ignore
    const { clips } = await assertExact(path);
    for (const { span, audio } of clips) {
      assert.ok(Math.abs(span[1] - span[0] - 0.1) < 1e-4);
      assert.equal(audio?.length, 1600);
    }
  });

  it('a frame every ten seconds', async () => {
    const path = await makeVideo(scratch.path('slow.mp4'), { picture: 'testsrc2=s=64x48:r=1/10', seconds: 100, output: [...X264, '-c:a', 'aac'] }); // prettier-ignore
    const { clips } = await assertExact(path, { frames: 4, stride: 2, clips: 1 });
    assert.deepEqual(clips[0]!.span.map(Math.round), [10, 90]);
    assert.equal(clips[0]!.audio?.length, 80 * 16000);
    await assert.rejects(decode(path, { frames: 16, stride: 4 }), { stage: 'decode', cause: /would span 640 s: its frames are 10.0 s apart/ }); // prettier-ignore
  });

  it('one frame, with a song or without', async () => {
    const picture = 'testsrc2=s=64x48:r=25:d=0.04';
    for (const [name, sound] of [['one.mp4', null], ['song.mp4', 'sine=f=440:r=44100:d=10']] as const) {
      const { clips } = await assertExact(await makeVideo(scratch.path(name), { picture, sound, seconds: 10, output: X264 }), { clips: 1 });
      assert.deepEqual([clips[0]!.held, clips[0]!.audio === null], [7, sound === null]);
    }
  }); // prettier-ignore

  it('a start in the middle of a group of pictures', async () => {
    const bytes = await readFile(await video('groups.ts', 6, [...X264, '-bf', '2', '-x264opts', 'open-gop=1'])); // prettier-ignore
    // The tables of the programme stay, so that the cut is in pictures.
    const from = Math.floor(bytes.length / 3 / 188) * 188;
    await writeFile(scratch.path('middle.ts'), Buffer.concat([bytes.subarray(0, 3 * 188), bytes.subarray(from)])); // prettier-ignore
    const { index, clips } = await decode(scratch.path('middle.ts'));
    assert.equal(index.times[0], index.keyframes[0]);
    const reference = await allFrames(scratch.path('middle.ts'));
    for (const { frames, times, substituted } of clips) {
      assert.equal(substituted, 0);
      times.forEach((_, i) => {
        const frame = frames.subarray(i * SIZE * SIZE * 3, (i + 1) * SIZE * SIZE * 3);
        assert.ok(reference.some((other) => other.equals(frame)));
      });
    }
  });

  it('a cover, larger than the picture and in front of it, is no picture', async () => {
    const cover = await makeVideo(scratch.path('cover.png'), { picture: 'color=red:s=640x480', sound: null, output: ['-frames:v', '1'] }); // prettier-ignore
    await ffmpeg('-i', cover, '-i', await video('film.mp4', 3, X264), '-map', '0', '-map', '1', '-c', 'copy', '-disposition:v:0', 'attached_pic', scratch.path('covered.mp4')); // prettier-ignore
    await assertExact(scratch.path('covered.mp4'));
  });
});

describe('odd sizes', () => {
  it('are decoded down to 3×3, whatever is odd about them', async () => {
    for (const size of ['3x3', '3x5', '17x33', '4000x16', '16x4000']) {
      const path = await makeVideo(scratch.path(`${size}.mkv`), { picture: 'testsrc2=s=64x48:r=25:d=1', sound: null, output: ['-vf', `scale=${size.replace('x', ':')}:flags=neighbor,setsar=1`, '-c:v', 'ffv1', '-pix_fmt', 'yuv420p'] }); // prettier-ignore
      await assertExact(path);
    }
  });

  it('are named when they are smaller', async () => {
    const path = await makeVideo(scratch.path('1x1.mkv'), { picture: 'testsrc2=s=64x48:r=25:d=1', sound: null, output: ['-vf', 'scale=1:1', '-c:v', 'ffv1', '-pix_fmt', 'bgra'] }); // prettier-ignore
    await assert.rejects(decode(path), { stage: 'decode', cause: 'its pictures are smaller than 3×3 pixels' }); // prettier-ignore
  });
});
