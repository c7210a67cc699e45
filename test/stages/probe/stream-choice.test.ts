import assert from 'node:assert/strict';
import { decodeClip } from '../../../stages/decode/decode-clip.js';
import { indexVideo } from '../../../stages/probe/index-video.js';
import { sampleClips } from '../../../stages/sample/sample-clips.js';
import { chooseStream } from '../../../stages/probe/stream-choice.js';
import { ffmpeg, makeVideo, scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();
const context = { timeout: 60 };

/** Mean colour of the first frame, and the sound's pitch in Hz, of what is taken. */
async function taken(path: string, videoStream: number | null, audioStream: number | null) {
  const index = await indexVideo(path, context, { videoStream, audioStream });
  const [sampling] = sampleClips(index, { frames: 4, stride: 4, clips: 1 });
  const { frames, audio } = await decodeClip(index, sampling!, { size: 16, fit: 'crop' }, context);
  const mean = [0, 1, 2].map((c) => {
    let sum = 0;
    for (let pixel = 0; pixel < 256; pixel++) sum += frames[pixel * 3 + c]!;
    return Math.round(sum / 256);
  });
  let crossings = 0;
  audio?.forEach((value, i) => {
    if (i > 0 && value >= 0 && audio[i - 1]! < 0) crossings++;
  });
  return { mean, pitch: audio === null ? null : crossings / (audio.length / 16000) };
}

describe('choice of streams', () => {
  const red = [254, 0, 0];
  const blue = [0, 0, 254];
  const near = (actual: readonly number[], expected: readonly number[]) => {
    assert.ok(actual.every((value, i) => Math.abs(value - expected[i]!) < 6), actual.join()); // prettier-ignore
  };

  before(async () => {
    await makeVideo(scratch.path('small.mkv'), { picture: 'color=blue:s=64x48:r=25', sound: 'sine=f=300:r=44100', output: ['-c:v', 'ffv1', '-pix_fmt', 'yuv420p', '-c:a', 'pcm_s16le', '-ac', '1'] }); // prettier-ignore
    await makeVideo(scratch.path('large.mkv'), { picture: 'color=red:s=160x120:r=25', sound: 'sine=f=1000:r=44100', output: ['-c:v', 'ffv1', '-pix_fmt', 'yuv420p', '-c:a', 'pcm_s16le', '-ac', '2'] }); // prettier-ignore
    await ffmpeg('-i', scratch.path('small.mkv'), '-i', scratch.path('large.mkv'), '-map', '0', '-map', '1', '-c', 'copy', '-disposition:v', '0', '-disposition:a', '0', scratch.path('both.mkv')); // prettier-ignore
  });

  it('takes the picture of most pixels and the sound of most channels unless told otherwise', async () => {
    const best = await taken(scratch.path('both.mkv'), null, null);
    near(best.mean, red);
    assert.ok(Math.abs(best.pitch! - 1000) < 10, `${best.pitch}`);
  });

  it('takes the streams asked for, counted among those of their kind', async () => {
    const first = await taken(scratch.path('both.mkv'), 0, 0);
    near(first.mean, blue);
    assert.ok(Math.abs(first.pitch! - 300) < 10, `${first.pitch}`);
    const mixed = await taken(scratch.path('both.mkv'), 1, 0);
    near(mixed.mean, red);
    assert.ok(Math.abs(mixed.pitch! - 300) < 10, `${mixed.pitch}`);
  });

  it('names the streams that are there when the one asked for is not', async () => {
    await assert.rejects(indexVideo(scratch.path('both.mkv'), context, { videoStream: 2, audioStream: null }), {
      stage: 'index',
      cause: 'there is no picture stream 2 in the file; it has 0: ffv1 64x48; 1: ffv1 160x120',
    }); // prettier-ignore
    await assert.rejects(indexVideo(scratch.path('both.mkv'), context, { videoStream: null, audioStream: 5 }), {
      cause: 'there is no sound stream 5 in the file; it has 0: pcm_s16le 44100 Hz, mono; 1: pcm_s16le 44100 Hz, stereo',
    }); // prettier-ignore
  });

  it('asks no sound of a file that has none, and no second picture of one without any', async () => {
    await makeVideo(scratch.path('mute.mp4'), { sound: null });
    assert.equal((await taken(scratch.path('mute.mp4'), 0, 3)).pitch, null);
    await makeVideo(scratch.path('tone.mp4'), { picture: null });
    await assert.rejects(indexVideo(scratch.path('tone.mp4'), context, { videoStream: 1, audioStream: null }), { cause: 'there is no picture stream in the file' }); // prettier-ignore
  });

  it('is plain arithmetic', () => {
    const streams = new Map([['0:1', 'h264 (High), yuv420p, 64x48'], ['0:4', 'mjpeg, yuvj420p, 8x8 (attached pic)']]); // prettier-ignore
    assert.deepEqual(chooseStream('picture', streams, 1), { name: '0:4', problem: null });
    assert.deepEqual(chooseStream('picture', streams, null), { name: null, problem: null });
    assert.match(chooseStream('picture', streams, 2).problem ?? '', /it has 0: h264 64x48; 1: mjpeg 8x8$/); // prettier-ignore
  });
});
