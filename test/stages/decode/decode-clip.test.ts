import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { decodeClip } from '../../../stages/decode/decode-clip.js';
import { indexVideo } from '../../../stages/probe/index-video.js';
import { sampleClips, type SampleOptions } from '../../../stages/sample/sample-clips.js';
import { ffmpeg, makeVideo, scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();
const context = { timeout: 60 };
const X264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '20'];

async function decode(path: string, size = 32, options: Partial<SampleOptions> = {}) {
  const index = await indexVideo(path, context);
  const samplings = sampleClips(index, { frames: 4, stride: 2, clips: 1, ...options });
  const decoded = [];
  for (const sampling of samplings)
    decoded.push(await decodeClip(index, sampling, { size, fit: 'crop' }, context));
  return { index, samplings, clips: decoded, clip: decoded[0]! };
}

/** Mean colour of the middle of a frame. */
function colour(frames: Uint8Array, size: number, frame = 0, x = size / 2, y = size / 2): number[] {
  const at = ((frame * size + Math.floor(y)) * size + Math.floor(x)) * 3;
  return [...frames.subarray(at, at + 3)];
}

const near = (actual: readonly number[], expected: readonly number[], tolerance = 12) => {
  assert.ok(
    actual.every((value, i) => Math.abs(value - expected[i]!) <= tolerance),
    `${actual.join()} is not near ${expected.join()}`,
  );
};

/** The frame numbers of a video, by content: every frame of the reference decoded on its own. */
async function allFrames(path: string, size: number): Promise<Buffer[]> {
  const scale = `scale=${size}:${size}:flags=bicubic+accurate_rnd+full_chroma_int+bitexact`;
  const bytes = await ffmpeg('-i', `file:${path}`, '-vf', scale, '-vsync', '0', '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-'); // prettier-ignore
  const step = size * size * 3;
  return Array.from({ length: bytes.length / step }, (_, i) => bytes.subarray(i * step, (i + 1) * step)); // prettier-ignore
}

describe('decoding, bit for bit', () => {
  it('picture and sound come out of one process as they do out of two', async () => {
    for (const [name, codecs] of [
      ['once.mp4', [...X264, '-c:a', 'aac']],
      ['once.mkv', ['-c:v', 'mpeg4', '-g', '30', '-c:a', 'libvorbis']],
      ['once.avi', ['-c:v', 'mpeg4', '-bf', '2', '-c:a', 'mp3']],
    ] as const) {
      const path = scratch.path(name);
      await ffmpeg(
        ...['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=25:duration=6'],
        ...['-f', 'lavfi', '-i', 'sine=frequency=700:beep_factor=3:duration=6', ...codecs, path],
      );
      const index = await indexVideo(path, context);
      assert.notEqual(index.audioStream, null);
      for (const sampling of sampleClips(index, { frames: 8, stride: 3, clips: 3 })) {
        const form = { size: 32, fit: 'crop' } as const;
        const once = await decodeClip(index, sampling, form, context);
        // Without the name of the stream, each is decoded by itself.
        const apart = await decodeClip({ ...index, audioStream: null }, sampling, form, context);
        assert.deepEqual(
          { ...once, frames: [...once.frames] },
          { ...apart, frames: [...apart.frames] },
        );
        assert.ok(once.audio !== null && once.substituted === 0);
      }
    }
  });

  const SIZE = 64;
  const square = 'testsrc2=s=96x96:r=25';
  const cases = {
    'mp4, constant rate, B-frames': ['cfr.mp4', ...X264, '-bf', '3'],
    'mkv, open groups, rounded times': ['cfr.mkv', ...X264, '-r', '30000/1001', '-x264opts', 'open-gop=1'],
    'mp4, variable rate': ['vfr.mp4', ...X264, '-vf', "select='not(mod(n,3))+not(mod(n,7))'", '-vsync', 'vfr'],
    'avi, no presentation times': ['xvid.avi', '-c:v', 'mpeg4', '-bf', '2', '-g', '20'],
    'ts, no index': ['cfr.ts', ...X264],
    'webm': ['cfr.webm', '-c:v', 'libvpx', '-g', '20', '-deadline', 'realtime'],
    'mpg, a program stream': ['cfr.mpg', '-c:v', 'mpeg2video', '-g', '12', '-bf', '2'],
  } as const; // prettier-ignore
  for (const [title, [name, ...output]] of Object.entries(cases)) {
    it(title, async () => {
      const path = await makeVideo(scratch.path(name), { picture: square, sound: null, seconds: 8, output }); // prettier-ignore
      const reference = await allFrames(path, SIZE);
      const { index, clips, samplings } = await decode(path, SIZE, { clips: 4 });
      assert.equal(index.times.length, reference.length);
      clips.forEach((clip, c) => {
        const { times } = samplings[c]!;
        const step = SIZE * SIZE * 3;
        const shown = times.map(
          (_, i) =>
          reference.findIndex((frame) => frame.equals(clip.frames.subarray(i * step, (i + 1) * step))), // prettier-ignore
        );
        const expected = clip.times.map((time) => index.times.findIndex((value) => Math.abs(value - time) < 1e-9)); // prettier-ignore
        assert.deepEqual(shown, expected);
        assert.ok(shown.every((frame) => frame >= 0));
        assert.equal(clip.substituted, 0);
        assert.deepEqual(clip.warnings, []);
      });
    });
  }
});

describe('odd pictures', () => {
  /** A white disc on black, left half of the picture red: shape, side and colour can be seen. */
  const disc = (width: number, height: number, aspect: number) =>
    `color=black:s=${width}x${height}:r=25,format=gbrp,geq=` +
    `r='255*lt(hypot((X-W/2)*${aspect},Y-H/2),H/3)':g='255*lt(hypot((X-W/2)*${aspect},Y-H/2),H/3)*gt(X,W/2)':` +
    `b='255*lt(hypot((X-W/2)*${aspect},Y-H/2),H/3)*gt(X,W/2)'`;
  const white = [255, 255, 255];
  const red = [255, 0, 0];
  const black = [0, 0, 0];

  it('keep circles round whatever the sample aspect', async () => {
    for (const aspect of [2, 0.5]) {
      const path = await makeVideo(scratch.path(`sar${aspect}.mp4`), {
        picture: disc(160, 160, aspect),
        sound: null,
        seconds: 0.4,
        output: [...X264, '-vf', `setsar=${aspect === 2 ? '2/1' : '1/2'}`],
      });
      const { clip } = await decode(path, 96);
      // The disc's radius is a third of the height; with aspect ½ it is the width that fills 96 pixels.
      const radius = aspect === 2 ? 32 : 64;
      if (radius < 48) {
        near(colour(clip.frames, 96, 0, 48 + radius - 4, 48), white, 40);
        near(colour(clip.frames, 96, 0, 48 + radius + 4, 48), black, 40);
        near(colour(clip.frames, 96, 0, 48 - radius + 4, 48), red, 60);
        near(colour(clip.frames, 96, 0, 50, 48 - radius - 4), black, 40);
        near(colour(clip.frames, 96, 0, 52, 48 + radius - 6), white, 60);
      } else near(colour(clip.frames, 96, 0, 92, 48), white, 40);
    }
  });

  it('are turned upright', async () => {
    const plain = await makeVideo(scratch.path('plain.mp4'), {
      picture: 'color=blue:s=160x96:r=25,drawbox=0:0:160:24:red:t=fill',
      sound: null,
      output: X264,
    });
    const turned = scratch.path('turned.mp4');
    await ffmpeg('-i', plain, '-c', 'copy', '-metadata:s:v', 'rotate=90', turned);
    const { clip } = await decode(turned, 64);
    // This ffmpeg writes the matrix of the opposite turn: the top edge ends up on the left.
    near(colour(clip.frames, 64, 0, 4, 32), [254, 0, 0]);
    near(colour(clip.frames, 64, 0, 60, 32), [0, 0, 254]);
    near(colour(clip.frames, 64, 0, 32, 4), [0, 0, 254]);
  });

  it('may change their size on the way', async () => {
    for (const [name, hue, size] of [['a', 'red', '160x120'], ['b', 'lime', '80x60']] as const) // prettier-ignore
      await makeVideo(scratch.path(`${name}.ts`), { picture: `color=${hue}:s=${size}:r=25`, sound: null, seconds: 1, output: ['-c:v', 'mpeg2video'] }); // prettier-ignore
    await ffmpeg('-i', `concat:${scratch.path('a.ts')}|${scratch.path('b.ts')}`, '-c', 'copy', scratch.path('sizes.mkv')); // prettier-ignore
    const { clip } = await decode(scratch.path('sizes.mkv'), 32, { frames: 8, stride: 6 });
    near(colour(clip.frames, 32, 0), [254, 0, 0]);
    near(colour(clip.frames, 32, 7), [0, 254, 0]);
  });

  it('are deinterlaced', async () => {
    // The fields of a frame show a bar at two places 16 pixels apart: combed as it is.
    const path = await makeVideo(scratch.path('fields.mpg'), {
      picture:
        "color=black:s=160x128:r=50,geq=lum='255*lt(abs(X-40-16*mod(N,2)),4)':cb=128:cr=128,interlace=scan=tff:lowpass=0",
      sound: null,
      output: ['-c:v', 'mpeg2video', '-flags', '+ildct+ilme', '-top', '1', '-q:v', '2'],
    });
    const { clip } = await decode(path, 128);
    const column = Array.from(
      { length: 100 },
      (_, y) => colour(clip.frames, 128, 1, 24, y + 14)[0]!,
    );
    const combing = column.reduce((sum, value, y) => sum + Math.abs(value - (column[y - 1] ?? value)), 0); // prettier-ignore
    assert.ok(combing / column.length < 30, `${combing / column.length}`);
    assert.ok(column.reduce((sum, value) => sum + value, 0) / 100 > 150);
  });

  it('of high dynamic range keep sane tones', async () => {
    // Mid grey in PQ: code value about 0.5 of full range is some 92 cd/m², near a screen's white.
    const path = await makeVideo(scratch.path('pq.mkv'), {
      picture: 'color=gray:s=64x64:r=25',
      sound: null,
      seconds: 0.6,
      output: [...X264, '-pix_fmt', 'yuv420p', '-colorspace', 'bt2020nc', '-color_primaries', 'bt2020', '-color_trc', 'smpte2084', '-color_range', 'tv'], // prettier-ignore
    });
    const { index, clip } = await decode(path);
    assert.equal(index.hdr?.transfer, 'smpte2084');
    const [red = 0, green = 0, blue = 0] = colour(clip.frames, 32);
    assert.ok(red > 140 && red < 250, `${red}`);
    assert.ok(Math.abs(red - green) < 6 && Math.abs(green - blue) < 6);
  });

  it('fit with bars when asked', async () => {
    const path = await makeVideo(scratch.path('wide.mp4'), { picture: 'color=white:s=160x80:r=25', sound: null, output: X264 }); // prettier-ignore
    const index = await indexVideo(path, context);
    const [sampling] = sampleClips(index, { frames: 4, stride: 2, clips: 1 });
    const { frames } = await decodeClip(index, sampling!, { size: 64, fit: 'pad' }, context);
    near(colour(frames, 64, 0, 32, 8), black);
    near(colour(frames, 64, 0, 32, 32), white);
    near(colour(frames, 64, 0, 2, 32), white);
  });
});

describe('damage', () => {
  it('costs the frames that it hits, no more, and is told', async () => {
    const path = await makeVideo(scratch.path('whole.ts'), {
      sound: null,
      seconds: 4,
      output: X264,
    });
    const bytes = await readFile(path);
    bytes.fill(0x55, Math.floor(bytes.length * 0.45), Math.floor(bytes.length * 0.55));
    await writeFile(scratch.path('damaged.ts'), bytes);
    const { clip } = await decode(scratch.path('damaged.ts'), 32, { frames: 16, stride: 4 });
    assert.equal(clip.times.length, 16);
    assert.ok(clip.warnings.length > 0);
    assert.ok(new Set(clip.times).size > 8);
    assert.ok(clip.times.every((time, i) => i === 0 || time >= clip.times[i - 1]!));
  });

  it('of everything leaves nothing', async () => {
    const path = await makeVideo(scratch.path('noise.mp4'), { sound: null, output: X264 });
    const bytes = await readFile(path);
    const data = bytes.indexOf('mdat');
    const end = Math.max(bytes.indexOf('moov'), data) - 8;
    for (let i = data + 8; i < end; i++) bytes[i] = (i * 2654435761) & 255;
    await writeFile(path, bytes);
    await assert.rejects(decode(path), { name: 'StageError', stage: 'decode' });
  });

  it('of the end is explained', async () => {
    const path = await makeVideo(scratch.path('cut.mp4'), { output: X264 });
    await writeFile(path, (await readFile(path)).subarray(0, 5000));
    await assert.rejects(indexVideo(path, context), {
      stage: 'index',
      cause: 'the index (moov) is missing: the file is truncated, or was never a video',
      detail: /moov atom not found/,
    });
  });

  it('is not the same as having no picture', async () => {
    const path = await makeVideo(scratch.path('sound.mp4'), { picture: null });
    await assert.rejects(indexVideo(path, context), {
      cause: 'there is no picture stream in the file',
    });
    const cover = await makeVideo(scratch.path('cover.jpg'), { sound: null, output: ['-frames:v', '1'] }); // prettier-ignore
    const song = scratch.path('song.mp4');
    await ffmpeg('-i', path, '-i', cover, '-map', '0', '-map', '1', '-c', 'copy', '-disposition:v:0', 'attached_pic', song); // prettier-ignore
    await assert.rejects(indexVideo(song, context), { cause: /only a cover/ });
  });
});
