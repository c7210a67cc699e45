import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { decodeClip } from '../../../stages/decode/decode-clip.js';
import { indexVideo } from '../../../stages/probe/index-video.js';
import { sampleClips } from '../../../stages/sample/sample-clips.js';

/** Real videos that lie beside the repository on some machines; none of them is part of it. */
const MEDIA = resolve('../shared/media');
/** Short side of the frames. */
const SIZE = 64;

interface Expected {
  /** Cause of the quarantine. */
  readonly cause?: RegExp;
  /** The clip has sound. */
  readonly sound?: boolean;
  /** Width and height of the frames, upright and with square pixels. */
  readonly shape?: readonly [number, number];
  /** Frames of the video; ffmpeg by itself decodes as many unless a comment says otherwise. */
  readonly frames?: number;
  /** Time of the first frame of the video, and of the last, seconds. */
  readonly from?: number;
  readonly to?: number;
  /** Frames a second, by the nominal step. */
  readonly rate?: number;
  /** Frames that repeat the last one of a short video. */
  readonly held?: number;
  /** What the decoder complains of. */
  readonly warns?: RegExp;
  /** Colours [r, g, b] at places [frame, x, y] of the clip. */
  readonly colours?: readonly (readonly [readonly [number, number, number], readonly [number, number, number]])[];
} // prettier-ignore

const EVERYDAY: Readonly<Record<string, Expected>> = {
  'R6llTwEh07w.mp4': { sound: true, shape: [85, 64], frames: 303, from: 0, to: 10.067, rate: 30 },
  'WUzgd7C1pWA.mp4': { sound: true, shape: [85, 64], frames: 327, from: 0, to: 10.878, rate: 29.97 },
  'flipping_a_pancake.mkv': { sound: true, shape: [114, 64], frames: 310, from: 0, to: 10.3, rate: 30 },
  'gizmo.webm': { sound: true, shape: [112, 64], frames: 166, from: 0, to: 5.5, rate: 30 },
  'sample_demo_22_portrait.mp4': { sound: true, shape: [64, 113], frames: 1090, from: 0, to: 36.3, rate: 30 },
  'ucf101_ApplyEyeMakeup_mmaction_test.avi': { sound: true, shape: [85, 64], frames: 164, from: 0.04, to: 6.56, rate: 25 },
  'v_GGSY1Qvo990.mp4': { sound: true, shape: [85, 64], frames: 355, from: 0, to: 18.043, rate: 19.62 },
  'v_SoccerJuggling_g23_c01.avi': { sound: false, shape: [85, 64], frames: 240, from: 0, to: 7.975, rate: 29.97 },
  'vggsound_3qesirWAGt4.mp4': { sound: true, shape: [114, 64], frames: 250, from: 0, to: 9.96, rate: 25 },
}; // prettier-ignore

const ODD: Readonly<Record<string, Expected>> = {
  '400x300-red-resize-200x150-green.webm': { sound: false, shape: [85, 64], frames: 119, from: 0, to: 1.968, rate: 59.95, colours: [[[0, 42, 32], [253, 0, 0]], [[15, 42, 32], [1, 128, 1]]] },
  'Megamind.avi': { sound: true, shape: [87, 64], frames: 270, from: 0.042, to: 11.261, rate: 23.976 },
  // ffmpeg makes two pictures more, of frames in front of the first keyframe.
  'Sony ILCE-7M3 (A7M3).mts': { sound: true, shape: [114, 64], frames: 11, from: 1.12, to: 1.52, rate: 25, held: 13 },
  'bipbop-lateaudio.mp4': { sound: true, shape: [85, 64], frames: 72, from: 0, to: 2.368, rate: 29.97 },
  'broken.mp4': { cause: /index \(moov\) is missing/ },
  'cursed-vfr.mp4': { sound: false, shape: [140, 64], frames: 63, from: 0, to: 7.156, rate: 34.6 },
  // One of the 50 does not come out; the clip does not need it.
  'decord_corrupted.mp4': { sound: false, shape: [114, 64], frames: 50, from: 0, to: 4.9, rate: 10, held: 3, warns: /Invalid NAL unit size/ },
  'empty.flv': { cause: /cannot be read as video/ },
  'no-initial-keyframe.ts': { sound: true, shape: [114, 64], frames: 15, from: 114.847, to: 115.313, rate: 30.04, held: 12, warns: /SPS unavailable|no frame/ },
  'portrait.MOV': { sound: true, shape: [64, 114], frames: 62, from: 0, to: 2.035, rate: 29.97 },
  'sample_fragmented.mp4': { sound: true, shape: [96, 64], frames: 30, from: 0.067, to: 1.034, rate: 29.97, held: 8 },
  'sample_missing_stsd.mp4': { sound: false, shape: [96, 64], frames: 30, from: 0, to: 0.968, rate: 29.97, held: 8, warns: /codec none/ },
  'sar_2x1.mp4': { sound: false, shape: [228, 64], frames: 150, from: 0, to: 4.967, rate: 30 },
  "te[s]t_ video ' _ .flv": { sound: false, shape: [85, 64], frames: 10, from: 0.042, to: 1.834, rate: 5.022, held: 13 },
  'video_without_video_stream.mp4': { cause: /no picture stream/ },
}; // prettier-ignore

async function preprocessOne(path: string) {
  const context = { timeout: 60 };
  const index = await indexVideo(path, context);
  const [sampling] = sampleClips(index, { frames: 16, stride: 4, clips: 1 });
  assert.ok(sampling !== undefined);
  const clip = await decodeClip(index, sampling, { size: SIZE, fit: 'short-side' }, context);
  return { index, sampling, clip };
}

for (const [folder, files] of Object.entries({ everyday: EVERYDAY, odd: ODD }))
  describe(`real media: ${folder}`, () => {
    const path = join(MEDIA, folder);
    before(function () {
      if (!existsSync(path)) this.skip();
    });

    it('is all in the table', () => {
      assert.deepEqual(readdirSync(path).sort(), Object.keys(files).sort());
    });

    for (const [name, expected] of Object.entries(files))
      it(name, async () => {
        const file = join(path, name);
        if (expected.cause !== undefined) {
          await assert.rejects(preprocessOne(file), { name: 'StageError', cause: expected.cause });
          return;
        }
        const { index, sampling, clip } = await preprocessOne(file);
        const { times } = index;
        assert.deepEqual(
          [clip.width, clip.height, times.length, times[0]?.toFixed(3), times.at(-1)?.toFixed(3)],
          [...expected.shape!, expected.frames, expected.from?.toFixed(3), expected.to?.toFixed(3)],
        );
        assert.ok(
          Math.abs(index.interval * expected.rate! - 1) < 2e-3,
          `${1 / index.interval} fps`,
        );
        assert.equal(clip.frames.length, 16 * clip.width * clip.height * 3);
        assert.equal(clip.audio !== null, expected.sound);
        assert.equal(clip.substituted, 0);
        assert.equal(sampling.held, expected.held ?? 0);
        assert.deepEqual(clip.times, sampling.times);
        if (expected.warns === undefined) assert.deepEqual(clip.warnings, []);
        else assert.match(clip.warnings.join(), expected.warns);
        for (const [[frame, x, y], colour] of expected.colours ?? []) {
          const at = ((frame * clip.height + y) * clip.width + x) * 3;
          assert.deepEqual([...clip.frames.subarray(at, at + 3)], colour);
        }
      });
  });
