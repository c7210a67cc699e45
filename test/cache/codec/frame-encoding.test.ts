import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  assertEncodable,
  decodeFrames,
  encodeFrames,
} from '../../../cache/codec/frame-encoding.js';
import { CorruptRecordError } from '../../../cache/codec/codec.js';

/** Frames that a picture can be made of well: slopes that move, each frame of another brightness. */
function slopes(frames: number, height: number, width: number): Uint8Array {
  return Uint8Array.from({ length: frames * height * width * 3 }, (_, i) => {
    const [c, x] = [i % 3, Math.floor(i / 3) % width];
    const y = Math.floor(i / 3 / width) % height;
    const t = Math.floor(i / 3 / width / height);
    return Math.min(255, 40 * t + 2 * x + y + 20 * c);
  });
}

function meanError(a: Uint8Array, b: Uint8Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;
}

const size = fc.integer({ min: 1, max: 50 });

describe('frames as one picture', () => {
  for (const format of ['jpeg', 'webp'] as const) {
    it(`come back nearly the same, of any size, as ${format}`, () =>
      fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 5 }),
          size,
          size,
          async (frames, height, width) => {
            // prettier-ignore
            const stack = { frames, height, width };
            const before = slopes(frames, height, width);
            const picture = await encodeFrames(before, stack, { format, quality: 95 });
            const after = await decodeFrames(picture, stack, format);
            assert.equal(after.buffer.byteLength >= after.length, true);
            assert.ok(meanError(before, after) < 4, `mean error ${meanError(before, after)}`);
            assert.deepEqual(await encodeFrames(before, stack, { format, quality: 95 }), picture);
          },
        ),
        { numRuns: 60 },
      ));

    it(`of less quality are smaller and further from what they were, as ${format}`, async () => {
      const stack = { frames: 4, height: 40, width: 56 };
      const noise = fc.sample(fc.uint8Array({ minLength: 26_880, maxLength: 26_880 }), { numRuns: 1, seed: 1 }); // prettier-ignore
      const [frames = new Uint8Array()] = noise;
      const results = [];
      for (const quality of [95, 80, 50]) {
        const picture = await encodeFrames(frames, stack, { format, quality });
        const error = meanError(frames, await decodeFrames(picture, stack, format));
        results.push({ bytes: picture.length, error });
      }
      const [high, middle, low] = results;
      assert.ok(high!.bytes > middle!.bytes && middle!.bytes > low!.bytes);
      assert.ok(high!.error < middle!.error && middle!.error < low!.error);
    });

    it(`are refused when they are damaged or of another size, as ${format}`, async () => {
      const stack = { frames: 3, height: 20, width: 24 };
      const picture = await encodeFrames(slopes(3, 20, 24), stack, { format, quality: 90 });
      const others = [
        { ...stack, height: 48 },
        { ...stack, width: 25 },
        { ...stack, frames: 2 },
      ];
      for (const other of others)
        await assert.rejects(decodeFrames(picture, other, format), CorruptRecordError);
      for (const bytes of [picture.subarray(0, 100), new Uint8Array(0), Buffer.from('no picture')])
        await assert.rejects(decodeFrames(bytes, stack, format), /no (jpeg|webp) picture of 3 frames of 24×20/); // prettier-ignore
    });
  }

  it('do not mix: no block of a JPEG belongs to two frames', async () => {
    // A black frame between white ones, of a height that is no multiple of the block.
    const stack = { frames: 3, height: 13, width: 16 };
    const length = 13 * 16 * 3;
    const frames = new Uint8Array(3 * length).fill(255);
    frames.fill(0, length, 2 * length);
    const picture = await encodeFrames(frames, stack, { format: 'jpeg', quality: 50 });
    assert.deepEqual(await decodeFrames(picture, stack, 'jpeg'), frames);
  });

  it('are refused when the picture would be too large', async () => {
    const stack = { frames: 64, height: 257, width: 16 };
    const webp = { format: 'webp', quality: 90 } as const;
    await assert.rejects(encodeFrames(new Uint8Array(0), stack, webp), /64 frames of 16×257 are too large for one webp picture; keep them as jpeg or raw/); // prettier-ignore
    assert.doesNotThrow(() => { assertEncodable(stack, { ...webp, format: 'jpeg' }); }); // prettier-ignore
    assert.throws(() => { assertEncodable({ ...stack, height: 1024 }, { ...webp, format: 'jpeg' }); }, /keep them raw/); // prettier-ignore
    assert.doesNotThrow(() => { assertEncodable({ ...stack, height: 1e6 }, { ...webp, format: 'raw' }); }); // prettier-ignore
  });
});
