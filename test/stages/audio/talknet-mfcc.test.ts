import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { CEPSTRA } from '../../../stages/audio/mfcc-features.js';
import { talknetMfcc } from '../../../stages/audio/talknet-mfcc.js';

interface Case {
  readonly fps: number;
  readonly frames: number;
  readonly samples: number;
  readonly seed: number;
  /** The rows that python_speech_features makes; it has no window for the last hops. */
  readonly mfcc: number[][];
}

/** The golden file's sound: a chirp, noise, and a stretch of silence, in 16-bit integers. */
function sound({ samples, seed }: Case): Float32Array {
  let state = seed;
  return Float32Array.from({ length: samples }, (_, i) => {
    state = (state * 48271) % 2147483647;
    const noise = state / 2147483647 - 0.5;
    const t = i / 16000;
    if (i >= 3000 && i < 4200) return 0;
    return Math.floor(32768 * (0.3 * Math.sin(2 * Math.PI * (500 * t + 900 * t * t)) + 0.1 * noise)) / 32768; // prettier-ignore
  });
}

describe('MFCC as TalkNet takes them', () => {
  let cases: Case[];
  before(async () => {
    const url = new URL('../../../../test/golden/talknet-mfcc.json', import.meta.url);
    ({ cases } = JSON.parse(await readFile(url, 'utf8')) as { cases: Case[] });
  });

  it('are those of python_speech_features, at any frame rate, in silence too', () => {
    for (const one of cases) {
      const found = talknetMfcc(sound(one), one.frames);
      assert.equal(found.length, one.frames * CEPSTRA);
      assert.ok(one.mfcc.length >= one.frames - 2 && one.mfcc.length <= one.frames);
      one.mfcc.forEach((row, i) => {
        row.forEach((value, c) => {
          const ours = found[i * CEPSTRA + c]!;
          assert.ok(Math.abs(ours - value) < 2e-4, `${one.fps} fps, ${i}, ${c}: ${ours}, ${value}`);
        });
      });
    }
  });

  it('of silence are finite, and the same in every row', () => {
    const found = talknetMfcc(new Float32Array(1600), 10);
    assert.ok(found.every(Number.isFinite));
    assert.ok(Math.abs(found[0]! - Math.log(2 ** -52)) < 1e-5);
    for (let row = 1; row < 10; row++)
      assert.deepEqual(
        found.subarray(row * CEPSTRA, (row + 1) * CEPSTRA),
        found.subarray(0, CEPSTRA),
      );
  });
});
