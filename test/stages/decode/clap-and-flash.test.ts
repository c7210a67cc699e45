import assert from 'node:assert/strict';
import { decodeClip } from '../../../stages/decode/decode-clip.js';
import { CEPSTRA, mfccFeatures } from '../../../stages/audio/mfcc-features.js';
import { indexVideo } from '../../../stages/probe/index-video.js';
import { sampleClips, segmentOf } from '../../../stages/sample/sample-clips.js';
import { ffmpeg, makeVideo, scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();
const context = { timeout: 60 };
const FRAMES = 16;

interface Clap {
  /** Frames a second, and the number of the frame that is white. */
  readonly rate: string;
  readonly at: number;
  /** Seconds by which the sound's own time starts later than the picture's. */
  readonly offset: number;
  /** Filters of the picture in front of the flash. */
  readonly filter?: string;
  readonly seconds?: number;
  /** Seconds that the click lasts. */
  readonly length?: number;
}

/** A white frame and a click that starts with it. */
async function clap(name: string, { rate, at, offset, filter, seconds = 6, length = 0.01 }: Clap, output: readonly string[]): Promise<void> {
  const [over = 1, under = 1] = rate.split('/').map(Number);
  const time = (at * under) / over;
  await makeVideo(scratch.path(name), {
    // Noise keeps every packet in the file; the flash is far brighter.
    picture: `color=black:s=64x48:r=${rate},noise=alls=60:allf=t${filter === undefined ? '' : `,${filter}`},drawbox=enable='between(t,${time - 0.002},${time + 0.002})':color=white:t=fill`,
    sound: `aevalsrc='if(between(t,${time - offset},${time - offset + length}),0.9*sin(2*PI*2000*t),0)':s=44100`,
    soundOffset: offset,
    seconds,
    output,
  });
} // prettier-ignore

/** When ffmpeg alone shows the white frame, in seconds on the file's own clock. */
async function flashTime(name: string): Promise<number> {
  const print = 'signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-';
  const said = await ffmpeg('-copyts', '-i', scratch.path(name), '-vf', print, '-vsync', '0', '-an', '-f', 'null', '/dev/null'); // prettier-ignore
  const frames = said.toString().matchAll(/pts_time:(\S+)\s+\S+YAVG=(\S+)/g);
  const [flash, ...others] = [...frames].filter((frame) => Number(frame[2]) > 128);
  assert.ok(flash !== undefined && others.length === 0);
  return Number(flash[1]);
}

/**
 * Makes a clip around the flash and asserts that the click is in the MFCC frame that belongs to the
 * moment of the white frame, within one hop.
 * @param tolerance seconds by which the samples may be off
 */
async function assertTogether(name: string, tolerance = 0.004): Promise<void> {
  const time = await flashTime(name);
  const index = await indexVideo(scratch.path(name), context);
  const start = time - 7 * index.interval;
  const segment = segmentOf(index, start, start + FRAMES * index.interval);
  const [sampling] = sampleClips(segment!, { frames: FRAMES, stride: 1, clips: 1 });
  const clip = await decodeClip(index, sampling!, { size: 16, fit: 'crop' }, context);
  const flash = clip.times.findIndex((_, i) => clip.frames[i * 768 + 384]! > 128);
  assert.ok(Math.abs(clip.times[flash]! - time) < 1e-4, `${clip.times[flash]} is not ${time}`);
  assert.ok(clip.audio !== null);
  assert.deepEqual(clip.warnings, []);

  const [from, to] = sampling!.span;
  const hop = (to - from) / (4 * FRAMES);
  const moment = time - from;
  const cepstra = mfccFeatures(clip.audio, 4 * FRAMES);
  const loudness = Array.from({ length: 4 * FRAMES }, (_, i) => cepstra[i * CEPSTRA]!);
  const loudest = loudness.indexOf(Math.max(...loudness));
  assert.ok(Math.abs(loudest - Math.round(moment / hop)) <= 1, `click in hop ${loudest}, flash in ${moment / hop}`); // prettier-ignore
  // The samples tell more exactly: half the peak is passed as the click begins.
  const peak = clip.audio.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const onset = clip.audio.findIndex((value) => Math.abs(value) > peak / 2) / 16000;
  assert.ok(Math.abs(onset - moment) < tolerance, `click at ${onset} s, flash at ${moment} s`);
}

const CODECS = {
  mp4: ['-c:v', 'libx264', '-c:a', 'aac'],
  mkv: ['-c:v', 'libx264', '-c:a', 'libopus'],
  webm: ['-c:v', 'libvpx', '-deadline', 'realtime', '-c:a', 'libvorbis'],
  avi: ['-c:v', 'mpeg4', '-c:a', 'pcm_s16le'],
  ts: ['-c:v', 'libx264', '-c:a', 'ac3'],
  mov: ['-c:v', 'libx264', '-c:a', 'pcm_s16le'],
  flv: ['-c:v', 'flv', '-c:a', 'aac'],
  mpg: ['-c:v', 'mpeg2video', '-c:a', 'mp2'],
  wmv: ['-c:v', 'wmv2', '-c:a', 'wmav2'],
  ogv: ['-c:v', 'libtheora', '-c:a', 'libvorbis'],
  nut: ['-c:v', 'mpeg4', '-c:a', 'libmp3lame'],
} as const;
const fast = (codecs: readonly string[]) => codecs.includes('libx264') ? [...codecs, '-preset', 'ultrafast', '-bf', '2'] : codecs; // prettier-ignore

describe('clap and flash: sound and picture share one clock', () => {
  for (const [extension, codecs] of Object.entries(CODECS))
    for (const [rate, at, offset] of [['25', 110, 0], ['30000/1001', 110, 0.37], ['50', 220, -0.25]] as const) {
      // AVI and Ogg have no place for a start offset.
      if (['avi', 'ogv'].includes(extension) && offset !== 0) continue;
      it(`${extension} at ${rate} fps, sound starting at ${offset} s`, async () => {
        const name = `${rate.replace('/', '-')}.${extension}`;
        await clap(name, { rate, at, offset }, fast(codecs));
        // This ffmpeg writes the picture 7 ms late beside Opus in Matroska.
        await assertTogether(name, extension === 'mkv' ? 0.008 : undefined);
      });
    } // prettier-ignore

  for (const rate of ['8', '15', '24000/1001', '60000/1001', '120'])
    it(`at ${rate} fps`, async () => {
      const [over = 1, under = 1] = rate.split('/').map(Number);
      const at = Math.round((3.3 * over) / under);
      await clap(`fps${over}.mov`, { rate, at, offset: 0.11, length: Math.min(0.01, under / over / 4) }, fast(CODECS.mov)); // prettier-ignore
      await assertTogether(`fps${over}.mov`, 0.001);
    });

  for (const offset of [1.148, -1.148])
    it(`sound that starts ${Math.abs(offset)} s ${offset > 0 ? 'late' : 'early'}`, async () => {
      await clap(`by${offset}.mp4`, { rate: '25', at: 60, offset }, fast(CODECS.mp4));
      await assertTogether(`by${offset}.mp4`);
    });

  for (const extension of ['mp4', 'mov', 'ts'] as const)
    it(`${extension} of variable frame rate`, async () => {
      // Every second frame is missing but for 10 in 50; the white one is there.
      await clap(`vfr.${extension}`, { rate: '25', at: 102, offset: 0.2, filter: "select='not(mod(n,2))+lt(mod(n,50),10)'" }, [...fast(CODECS[extension]), '-vsync', 'vfr']); // prettier-ignore
      await assertTogether(`vfr.${extension}`);
    });

  it('a cut without decoding, whose start an edit list hides', async () => {
    await clap('whole.mp4', { rate: '25', at: 130, offset: 0, seconds: 8 }, [...fast(CODECS.mp4), '-g', '30']); // prettier-ignore
    for (const name of ['cut.mp4', 'cut.mov', 'cut.mkv']) {
      await ffmpeg('-ss', '2.72', '-i', scratch.path('whole.mp4'), '-c', 'copy', scratch.path(name)); // prettier-ignore
      await assertTogether(name);
    }
  });

  it('a clock that wraps', async () => {
    await clap('wrap.ts', { rate: '25', at: 110, offset: 0.1, seconds: 8 }, [...fast(CODECS.ts), '-output_ts_offset', '95440']); // prettier-ignore
    await assertTogether('wrap.ts');
  });

  it('sound of 8 kHz, of 96 kHz and of six channels', async () => {
    for (const [name, ...sound] of [['8.mov', '-ar', '8000'], ['96.mov', '-ar', '96000'], ['six.mov', '-ac', '6']] as const) {
      await clap(name, { rate: '25', at: 60, offset: 0.05, seconds: 4 }, [...fast(CODECS.mov), ...sound]);
      await assertTogether(name, 0.001);
    }
  }); // prettier-ignore
});
