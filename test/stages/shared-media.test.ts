import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { decodeClip } from '../../stages/decode.js';
import { indexVideo } from '../../stages/probe.js';
import { sampleClips } from '../../stages/sample.js';

/** Real videos that lie beside the repository on some machines; none of them is part of it. */
const MEDIA = resolve('../shared/media');
const SIZE = 64;

interface Expected {
  /** Cause of the quarantine. */
  readonly cause?: RegExp;
  readonly sound?: boolean;
  readonly frames?: number;
  /** Frames that repeat the last one of a short video. */
  readonly held?: number;
  readonly warns?: boolean;
  /** Time of the first frame of the video, seconds. */
  readonly start?: number;
  /** Colours [r, g, b] at places [frame, x, y] of the 64×64 clip. */
  readonly colours?: readonly (readonly [readonly [number, number, number], readonly [number, number, number]])[];
} // prettier-ignore

const EVERYDAY: Readonly<Record<string, Expected>> = {
  'R6llTwEh07w.mp4': { sound: true, frames: 303 },
  'WUzgd7C1pWA.mp4': { sound: true, frames: 327 },
  'flipping_a_pancake.mkv': { sound: true, frames: 310 },
  'gizmo.webm': { sound: true, frames: 166 },
  'sample_demo_22_portrait.mp4': { sound: true, frames: 1090 },
  'ucf101_ApplyEyeMakeup_mmaction_test.avi': { sound: true, frames: 164 },
  'v_GGSY1Qvo990.mp4': { sound: true, frames: 355 },
  'v_SoccerJuggling_g23_c01.avi': { sound: false, frames: 240 },
  'vggsound_3qesirWAGt4.mp4': { sound: true, frames: 250 },
};

const ODD: Readonly<Record<string, Expected>> = {
  '400x300-red-resize-200x150-green.webm': { sound: false, start: 0, colours: [[[0, 32, 32], [253, 0, 0]], [[15, 32, 32], [1, 128, 1]]] },
  'Megamind.avi': { sound: true, frames: 270 },
  'Sony ILCE-7M3 (A7M3).mts': { sound: true, start: 1.12, held: 13 },
  'bipbop-lateaudio.mp4': { sound: true, frames: 72 },
  'broken.mp4': { cause: /index \(moov\) is missing/ },
  'cursed-vfr.mp4': { sound: false, frames: 63 },
  'decord_corrupted.mp4': { sound: false, warns: true, held: 3 },
  'empty.flv': { cause: /cannot be read as video/ },
  'no-initial-keyframe.ts': { sound: true, frames: 15, start: 114.847, warns: true, held: 12 },
  'portrait.MOV': { sound: true, frames: 62 },
  'sample_fragmented.mp4': { sound: true, frames: 30, held: 8 },
  'sample_missing_stsd.mp4': { sound: false, frames: 30, warns: true, held: 8 },
  'sar_2x1.mp4': { sound: false, frames: 150 },
  "te[s]t_ video ' _ .flv": { sound: false, frames: 10 },
  'video_without_video_stream.mp4': { cause: /no picture stream/ },
}; // prettier-ignore

async function preprocessOne(path: string) {
  const context = { timeout: 60 };
  const index = await indexVideo(path, context);
  const [sampling] = sampleClips(index, { frames: 16, stride: 4, clips: 1 });
  assert.ok(sampling !== undefined);
  const clip = await decodeClip(index, sampling, { size: SIZE, fit: 'crop' }, context);
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
        assert.equal(clip.times.length, 16);
        assert.equal(clip.frames.length, 16 * SIZE * SIZE * 3);
        assert.equal(clip.sound !== null, expected.sound);
        assert.equal(clip.substituted, 0);
        assert.equal(sampling.held, expected.held ?? sampling.held);
        assert.equal(clip.warnings.length > 0, expected.warns ?? false, clip.warnings.join('\n'));
        if (expected.frames !== undefined) assert.equal(index.times.length, expected.frames);
        if (expected.start !== undefined)
          assert.ok(Math.abs(index.times[0]! - expected.start) < 0.001, `${index.times[0]}`);
        for (const [[frame, x, y], colour] of expected.colours ?? []) {
          const at = ((frame * SIZE + y) * SIZE + x) * 3;
          assert.deepEqual([...clip.frames.subarray(at, at + 3)], colour);
        }
      });
  });
