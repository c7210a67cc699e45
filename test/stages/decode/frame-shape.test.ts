import assert from 'node:assert/strict';
import { decodeClip } from '../../../stages/decode/decode-clip.js';
import { maxFrameBytes, type FrameFit } from '../../../stages/decode/frame-filter.js';
import { indexVideo } from '../../../stages/probe/index-video.js';
import { sampleClips } from '../../../stages/sample/sample-clips.js';
import { ffmpeg, makeVideo, scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();
const context = { timeout: 60 };
const X264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'];
const FLAGS = 'flags=bicubic+accurate_rnd+full_chroma_int+bitexact';

async function decode(path: string, form: FrameFit, frames = 4, stride = 3) {
  const index = await indexVideo(path, context);
  const [sampling] = sampleClips(index, { frames, stride, clips: 1 });
  const clip = await decodeClip(index, sampling!, form, context);
  assert.equal(clip.frames.length, frames * clip.height * clip.width * 3);
  return { index, clip };
}

/** Every frame of a file by ffmpeg alone, through filters with plain numbers. */
async function reference(path: string, filters: string, bytes: number): Promise<Buffer[]> {
  const all = await ffmpeg('-i', `file:${path}`, '-vf', filters, '-vsync', '0', '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-'); // prettier-ignore
  return Array.from({ length: all.length / bytes }, (_, i) => all.subarray(i * bytes, (i + 1) * bytes)); // prettier-ignore
}

describe('the form of frames, bit for bit as ffmpeg makes them', () => {
  /** What is stored as `stored` and seen as `seen` becomes `size`, by filters with plain numbers. */
  const cases = [
    ['320x180', '1/1', 'crop', 64, 64, 64, `scale=114:64:${FLAGS},format=rgb24,crop=64:64`],
    ['320x180', '1/1', 'short-side', 64, 64, 114, `scale=114:64:${FLAGS}`],
    ['320x180', '1/1', 'short-side', 256, 256, 455, `scale=455:256:${FLAGS}`],
    ['98x130', '1/1', 'short-side', 64, 85, 64, `scale=64:85:${FLAGS}`],
    ['160x120', '2/1', 'short-side', 48, 48, 128, `scale=128:48:${FLAGS}`],
    ['160x120', '2/3', 'short-side', 48, 54, 48, `scale=48:54:${FLAGS}`],
    ['160x120', '2/1', 'pad', 48, 48, 48, `scale=48:18:${FLAGS},format=rgb24,pad=48:48:0:15`],
    ['98x130', '1/1', 'stretch', 64, 64, 64, `scale=64:64:${FLAGS}`],
    // Wider than 16:1 is taken for 16:1.
    ['640x20', '1/1', 'short-side', 16, 16, 256, `scale=256:16:${FLAGS}`],
    ['20x640', '1/1', 'short-side', 16, 256, 16, `scale=16:256:${FLAGS}`],
  ] as const;
  for (const [stored, aspect, fit, size, height, width, filters] of cases)
    it(`${stored} with sample aspect ${aspect}, ${fit} ${size}`, async () => {
      const name = `${stored}-${aspect.replace('/', '.')}.mp4`;
      const path = await makeVideo(scratch.path(name), { picture: `testsrc2=s=${stored}:r=25`, sound: null, seconds: 1, output: [...X264, '-vf', `setsar=${aspect}`] }); // prettier-ignore
      const { index, clip } = await decode(path, { size, fit });
      assert.deepEqual([clip.height, clip.width], [height, width]);
      const bytes = height * width * 3;
      assert.ok(bytes <= maxFrameBytes({ size, fit }));
      const all = await reference(path, filters, bytes);
      assert.equal(all.length, index.times.length);
      clip.times.forEach((time, i) => {
        const frame = clip.frames.subarray(i * bytes, (i + 1) * bytes);
        assert.ok(all[index.times.indexOf(time)]!.equals(frame), `frame ${i}`);
      });
    });
});

describe('frames that are not square', () => {
  it('stand upright', async () => {
    const plain = await makeVideo(scratch.path('lying.mp4'), { picture: 'testsrc2=s=160x90:r=25', sound: null, output: X264 }); // prettier-ignore
    await ffmpeg('-i', plain, '-c', 'copy', '-metadata:s:v', 'rotate=90', scratch.path('upright.mp4')); // prettier-ignore
    const { clip } = await decode(scratch.path('upright.mp4'), { size: 45, fit: 'short-side' });
    assert.deepEqual([clip.height, clip.width], [80, 45]);
  });

  it('have one size where the picture changes its shape: that of the first', async () => {
    for (const [name, hue, size] of [['wide', 'red', '160x80'], ['tall', 'lime', '80x120']] as const) // prettier-ignore
      await makeVideo(scratch.path(`${name}.ts`), { picture: `color=${hue}:s=${size}:r=25`, sound: null, seconds: 1, output: ['-c:v', 'mpeg2video'] }); // prettier-ignore
    await ffmpeg('-i', `concat:${scratch.path('wide.ts')}|${scratch.path('tall.ts')}`, '-c', 'copy', scratch.path('shapes.mkv')); // prettier-ignore
    const { clip } = await decode(scratch.path('shapes.mkv'), { size: 32, fit: 'short-side' }, 8, 6); // prettier-ignore
    assert.deepEqual([clip.height, clip.width], [32, 64]);
    const middle = (frame: number) => [...clip.frames.subarray(((frame * 32 + 16) * 64 + 32) * 3).subarray(0, 3)]; // prettier-ignore
    assert.ok(middle(0)[0]! > 240 && middle(0)[1]! < 16, middle(0).join());
    assert.ok(middle(7)[1]! > 240 && middle(7)[0]! < 16, middle(7).join());
    assert.equal(clip.substituted, 0);
  });
});
