import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { decodeClip } from '../../../stages/decode/decode-clip.js';
import { decodeAudio } from '../../../stages/decode/decode-audio.js';
import { indexVideo } from '../../../stages/probe/index-video.js';
import { sampleClips } from '../../../stages/sample/sample-clips.js';
import { ffmpeg, makeVideo, scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();
const context = { timeout: 60 };

describe('sound', () => {
  const heard = async (name: string, span: readonly [number, number]) => {
    const index = await indexVideo(scratch.path(name), context);
    return decodeAudio(index, span, context);
  };
  const peak = (samples: Float32Array, from: number, to: number) =>
    samples.subarray(from * 16000, to * 16000).reduce((most, value) => Math.max(most, Math.abs(value)), 0); // prettier-ignore

  it('that starts late or ends early is silence before and after', async () => {
    await makeVideo(scratch.path('late.mkv'), { sound: 'sine=d=1:r=44100', soundOffset: 1, seconds: 4, output: ['-c:a', 'pcm_s16le'] }); // prettier-ignore
    const { samples } = await heard('late.mkv', [0.5, 3]);
    assert.equal(samples?.length, 40000);
    assert.equal(peak(samples, 0, 0.49), 0);
    assert.ok(peak(samples, 0.51, 1.49) > 0.1);
    assert.equal(peak(samples, 1.52, 2.5), 0);
  });

  it('that pauses goes on where it should', async () => {
    const gap = scratch.path('gap.mkv');
    await makeVideo(gap, { seconds: 4, output: ['-af', "aselect='not(between(t,1,2))'", '-c:a', 'pcm_s16le'] }); // prettier-ignore
    const { samples } = await heard('gap.mkv', [0, 3]);
    assert.ok(samples !== null);
    assert.ok(peak(samples, 0.5, 0.95) > 0.1);
    assert.ok(peak(samples, 1.06, 1.95) < 1e-3);
    assert.ok(peak(samples, 2.05, 3) > 0.1);
  });

  it('has the loudness and pitch of the file, mixed to one channel', async () => {
    await makeVideo(scratch.path('stereo.mov'), { sound: 'aevalsrc=0.5*sin(2*PI*1000*t)|0.5*sin(2*PI*1000*t):s=48000', output: ['-c:a', 'pcm_s16le'] }); // prettier-ignore
    const { samples } = await heard('stereo.mov', [0.5, 1.5]);
    assert.ok(samples !== null);
    samples.forEach((value, i) => {
      assert.ok(Math.abs(value - 0.5 * Math.sin((2 * Math.PI * i) / 16)) < 0.01, `${i}: ${value}`);
    });
  });

  it('is none where there is no stream, only silence, or less than can be heard', async () => {
    await makeVideo(scratch.path('mute.mp4'), { sound: null });
    await makeVideo(scratch.path('silent.mp4'), { sound: 'anullsrc=r=44100' });
    await makeVideo(scratch.path('faint.mkv'), { sound: 'aevalsrc=0.00003*sin(2*PI*440*t):s=44100', output: ['-c:a', 'pcm_f32le'] }); // prettier-ignore
    for (const name of ['mute.mp4', 'silent.mp4', 'faint.mkv'])
      assert.deepEqual(await heard(name, [0, 1]), { samples: null, complaints: [] });
  });

  it('of an unknown codec costs the sound, not the picture', async () => {
    const path = await makeVideo(scratch.path('codec.avi'), { output: ['-c:a', 'libmp3lame'] });
    const bytes = await readFile(path);
    // The tag of the codec stands first in the format of the second stream.
    bytes.writeUInt16LE(0x1234, bytes.indexOf('strf', bytes.indexOf('strf') + 4) + 8);
    await writeFile(path, bytes);
    const index = await indexVideo(path, context);
    const [sampling] = sampleClips(index, { frames: 4, stride: 2, clips: 1 });
    const clip = await decodeClip(index, sampling!, { size: 16, fit: 'crop' }, context);
    assert.equal(clip.audio, null);
    assert.equal(clip.substituted, 0);
    assert.match(clip.warnings.join(), /not found/);
  });

  it('with a lying clock fills no memory', async () => {
    // The second half claims to sound a day later.
    await makeVideo(scratch.path('part.mkv'), { picture: null, seconds: 2, output: ['-c:a', 'pcm_s16le', '-af', "asetpts='PTS+gt(T,1)*86400/TB'"] }); // prettier-ignore
    await ffmpeg('-i', scratch.path('part.mkv'), '-f', 'lavfi', '-i', 'testsrc2=s=64x64:d=3', '-map', '1', '-map', '0', '-c:a', 'copy', scratch.path('lying.mkv')); // prettier-ignore
    const { samples } = await heard('lying.mkv', [0, 2]);
    assert.equal(samples?.length, 32000);
    assert.ok(peak(samples, 0, 0.9) > 0.1);
    assert.equal(peak(samples, 1.1, 2), 0);
  });
});
