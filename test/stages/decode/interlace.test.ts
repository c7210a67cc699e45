import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeClip } from '../../../stages/decode/decode-clip.js';
import { firstFields } from '../../../stages/decode/field-pairs.js';
import { indexVideo } from '../../../stages/probe/index-video.js';
import { sampleClips } from '../../../stages/sample/sample-clips.js';
import { makeVideo, scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();
const context = { timeout: 60 };
const SIZE = 128;

/** A white bar that moves by a twentieth of the width with every field, 50 fields a second. */
const barAt = (field: number) => 0.1 + 0.05 * (((field % 16) + 16) % 16);
const BAR = (width: number, height: number) =>
  `color=black:s=${width}x${height}:r=50,geq=lum='16+219*lt(abs(X-W*(0.1+0.05*mod(N\\,16)))\\,W/30)':cb=128:cr=128`;

/** Where the bar stands in each row of a frame, as shares of the width. */
function rows(frames: Uint8Array, frame: number): number[] {
  return Array.from({ length: SIZE - 16 }, (_, y) => {
    let [weight, sum] = [0, 0];
    for (let x = 0; x < SIZE; x++) {
      const value = frames[((frame * SIZE + y + 8) * SIZE + x) * 3]!;
      if (value < 50) continue;
      weight += value;
      sum += value * (x + 0.5);
    }
    return sum / weight / SIZE;
  });
}

describe('interlaced pictures', () => {
  const interlace = (order: string) => `interlace=scan=${order}:lowpass=0`;
  const cases = {
    'H.264, top field first': ['t.mkv', 160, 128, interlace('tff'), '-c:v', 'libx264', '-x264opts', 'tff=1', '-qp', '5'],
    'H.264, bottom field first': ['b.mp4', 160, 128, interlace('bff'), '-c:v', 'libx264', '-x264opts', 'bff=1', '-qp', '5'],
    'MPEG-2, top field first': ['t.mpg', 160, 128, interlace('tff'), '-c:v', 'mpeg2video', '-flags', '+ildct+ilme', '-top', '1', '-q:v', '2'],
    'MPEG-2, bottom field first': ['b.ts', 160, 128, interlace('bff'), '-c:v', 'mpeg2video', '-flags', '+ildct+ilme', '-top', '0', '-q:v', '2'],
    'DV, bottom field first': ['b.dv', 90, 72, `scale=720:576:flags=neighbor,${interlace('bff')},setsar=16/15`, '-c:v', 'dvvideo'],
    'raw, in QuickTime': ['t.mov', 160, 128, `${interlace('tff')},setfield=tff`, '-c:v', 'rawvideo', '-pix_fmt', 'uyvy422', '-field_order', 'tt'],
  } as const; // prettier-ignore
  for (const [title, [name, width, height, filter, ...encoder]] of Object.entries(cases))
    it(`${title}: each frame is its first field's moment`, async () => {
      const path = await makeVideo(scratch.path(name), { picture: BAR(width, height), sound: null, seconds: 1, output: ['-vf', filter, '-pix_fmt', 'yuv420p', ...encoder] }); // prettier-ignore
      const index = await indexVideo(path, context);
      assert.ok(Math.abs(index.interval - 0.04) < 1e-6);
      const [sampling] = sampleClips(index, { frames: 6, stride: 2, clips: 1 });
      const clip = await decodeClip(index, sampling!, { size: SIZE, fit: 'stretch' }, context);
      assert.deepEqual(clip.warnings, []);
      clip.times.forEach((time, i) => {
        const places = rows(clip.frames, i);
        const wanted = barAt(Math.round((time - index.times[0]!) * 50));
        // The other field is a twentieth further: in no row may the bar stand there.
        for (const place of places) assert.ok(Math.abs(place - wanted) < 0.018, `${place} instead of ${wanted}`); // prettier-ignore
      });
    });
});

describe('fields that come in packets of their own', () => {
  it('are paired to frames, from a whole one on', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: 0.01, max: 0.1, noNaN: true }),
        fc.boolean(),
        (frames, step, half) => {
          // A first field without its second may stand in front.
          const fields = Array.from({ length: 2 * frames + (half ? 1 : 0) }, (_, i) => ((i - (half ? 1 : 0)) * step) / 2); // prettier-ignore
          const kept = [...firstFields(Float64Array.from(fields), 0, step)];
          assert.deepEqual(kept.map((time) => Math.round(time / step)), Array.from({ length: frames }, (_, i) => i)); // prettier-ignore
        },
      ),
    );
  });

  it('stay apart across a gap', () => {
    const fields = Float64Array.of(0, 0.02, 0.04, 0.06, 1, 1.02, 1.04);
    assert.deepEqual([...firstFields(fields, 0, 0.04)], [0, 0.04, 1, 1.04]);
  });
});
