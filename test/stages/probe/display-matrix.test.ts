import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { decodeClip } from '../../../stages/decode/decode-clip.js';
import {
  displayMatrices,
  mirrorFilter,
  type DisplayMatrix,
} from '../../../stages/probe/display-matrix.js';
import { indexVideo } from '../../../stages/probe/index-video.js';
import { sampleClips } from '../../../stages/sample/sample-clips.js';
import { ffmpeg, makeVideo, scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();
const context = { timeout: 60 };

const COLOURS = { r: [254, 0, 0], g: [0, 254, 0], b: [0, 0, 254], w: [255, 255, 255] } as const;
/** Quarters of the stored picture, 160×96: red and green above, blue and white below. */
const QUARTERS = 'color=red:s=160x96:r=25,drawbox=80:0:80:48:lime:fill,drawbox=0:48:80:48:blue:fill,drawbox=80:48:80:48:white:fill'; // prettier-ignore

/** Writes this matrix into the header of the only track of an MP4 file. */
async function withMatrix(from: string, to: string, [a, b, c, d]: DisplayMatrix): Promise<string> {
  const bytes = await readFile(from);
  const at = bytes.indexOf('tkhd') + 4 + 40;
  [a, b, 0, c, d, 0].forEach((value, i) => bytes.writeInt32BE(value * 65536, at + 4 * i));
  await writeFile(to, bytes);
  return to;
}

/** The colours of the four quarters, row by row, and the frame's size. */
async function quarters(path: string) {
  const index = await indexVideo(path, context);
  const [sampling] = sampleClips(index, { frames: 2, stride: 1, clips: 1 });
  const { frames, height, width, warnings } = await decodeClip(index, sampling!, { size: 48, fit: 'short-side' }, context); // prettier-ignore
  const names = [
    [1, 1],
    [3, 1],
    [1, 3],
    [3, 3],
  ].map(([x = 0, y = 0]) => {
    const at = (Math.floor((y * height) / 4) * width + Math.floor((x * width) / 4)) * 3;
    const seen = frames.subarray(at, at + 3);
    return Object.entries(COLOURS).find(([, colour]) => colour.every((value, c) => Math.abs(value - seen[c]!) < 8))?.[0] ?? seen.join(); // prettier-ignore
  });
  assert.deepEqual(warnings, []);
  return `${names.join('')} ${width}x${height}`;
}

describe('pictures that lie, stand on their head, or are mirrored', () => {
  before(() => makeVideo(scratch.path('plain.mp4'), { picture: QUARTERS, sound: null, seconds: 0.4, output: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-qp', '1'] })); // prettier-ignore

  const cases = {
    'as it is': [[1, 0, 0, 1], 'rgbw 80x48'],
    'turned by 90°': [[0, 1, -1, 0], 'brwg 48x80'],
    'turned by 180°': [[-1, 0, 0, -1], 'wbgr 80x48'],
    'turned by 270°': [[0, -1, 1, 0], 'gwrb 48x80'],
    'left and right exchanged': [[-1, 0, 0, 1], 'grwb 80x48'],
    'top and bottom exchanged': [[1, 0, 0, -1], 'bwrg 80x48'],
    'mirrored at one diagonal': [[0, 1, 1, 0], 'rbgw 48x80'],
    'mirrored at the other': [[0, -1, -1, 0], 'wgbr 48x80'],
  } as const;
  for (const [title, [matrix, expected]] of Object.entries(cases))
    it(title, async () => {
      const path = await withMatrix(scratch.path('plain.mp4'), scratch.path('turned.mp4'), matrix);
      assert.equal(await quarters(path), expected);
    });

  it('come out upright with their index at the front, and out of QuickTime', async () => {
    const mirrored = await withMatrix(scratch.path('plain.mp4'), scratch.path('m.mp4'), [-1, 0, 0, 1]); // prettier-ignore
    assert.deepEqual(await displayMatrices(mirrored), [[-1, 0, 0, 1]]);
    for (const [name, ...options] of [['front.mp4', '-movflags', '+faststart'], ['plain.mov']] as const) {
      await ffmpeg('-i', scratch.path('plain.mp4'), '-c', 'copy', ...options, scratch.path(name));
      await withMatrix(scratch.path(name), scratch.path(`m${name}`), [-1, 0, 0, 1]);
      assert.equal(await quarters(scratch.path(`m${name}`)), 'grwb 80x48');
    }
  }); // prettier-ignore

  it('do not hang or fail the reader of their headers, whatever it reads', async () => {
    const bytes = await readFile(scratch.path('plain.mp4'));
    const moov = bytes.indexOf('moov') - 4;
    for (const size of [0, 1, 7, 8, 12, 0xffffffff]) {
      const lying = Buffer.from(bytes);
      lying.writeUInt32BE(size, moov + 8);
      await writeFile(scratch.path('lying.mp4'), lying);
      assert.ok((await displayMatrices(scratch.path('lying.mp4'))).length <= 1);
    }
    await writeFile(scratch.path('lying.mp4'), bytes.subarray(0, moov + 40));
    assert.deepEqual(await displayMatrices(scratch.path('lying.mp4')), []);
    await writeFile(scratch.path('lying.mp4'), Buffer.alloc(100_000));
    assert.deepEqual(await displayMatrices(scratch.path('lying.mp4')), []);
  });

  it('are told from pictures that are only turned, or of no area', () => {
    assert.equal(mirrorFilter([0.7, 0.7, -0.7, 0.7]), null);
    assert.equal(mirrorFilter([0, 0, 0, 0]), null);
    assert.equal(mirrorFilter([-2, 0, 0, 1]), 'hflip');
  });
});
