import assert from 'node:assert/strict';
import fc from 'fast-check';
import { augmentClip, augmentOptions, cropAndResize, cropBox } from '../../stages/augment.js';

/** A draw that yields the given numbers in turn, again and again. */
function drawing(...numbers: number[]): () => number {
  let at = 0;
  return () => numbers[at++ % numbers.length]!;
}

function gradient(size: number): Uint8Array {
  const frame = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) frame.set([x * 4, y * 4, 128], (y * size + x) * 3);
  return frame;
}

describe('augment', () => {
  const unit = fc.double({ min: 0, max: 0.999999, noNaN: true });

  for (const kind of ['multi-scale', 'random-resized', 'none'] as const)
    it(`${kind}: the box lies inside the frame for every size and draw`, () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 8, max: 300 }),
          fc.array(unit, { minLength: 4, maxLength: 8 }),
          (size, numbers) => {
            const box = cropBox(kind, size, drawing(...numbers));
            assert.ok(box.x >= 0 && box.y >= 0 && box.width >= 1 && box.height >= 1);
            assert.ok(box.x + box.width <= size && box.y + box.height <= size);
          },
        ),
      );
    });

  it('multi-scale reaches all 13 places and sides that differ by one scale step at most', () => {
    const places = new Set<string>();
    for (let pair = 0; pair < 10; pair++)
      for (let place = 0; place < 13; place++) {
        const box = cropBox('multi-scale', 224, drawing((pair + 0.5) / 10, (place + 0.5) / 13));
        const sides = [224, 196, 168, 147];
        assert.ok(Math.abs(sides.indexOf(box.width) - sides.indexOf(box.height)) <= 1);
        if (box.width === 168 && box.height === 168) places.add(`${box.x},${box.y}`);
      }
    assert.equal(places.size, 13);
    assert.ok(
      places.has('0,0') && places.has('56,56') && places.has('28,28') && places.has('14,42'),
    );
  });

  it('gives the frame back when nothing is to be done', () => {
    const frame = gradient(16);
    const out = new Uint8Array(frame.length);
    augmentClip(frame, 16, augmentOptions.parse({ crop: 'none' }), drawing(0.5), 16, out);
    assert.deepEqual(out, frame);
  });

  it('mirrors, and mirroring twice is nothing', () => {
    const frame = gradient(16);
    const box = { x: 0, y: 0, width: 16, height: 16 };
    const once = new Uint8Array(frame.length);
    const twice = new Uint8Array(frame.length);
    cropAndResize(frame, 16, box, true, 16, once);
    cropAndResize(once, 16, box, true, 16, twice);
    assert.deepEqual([once[0], once[15 * 3]], [60, 0]);
    assert.deepEqual(twice, frame);
  });

  it('interpolates a linear gradient exactly, up to rounding, inside the box', () => {
    const size = 32;
    const out = new Uint8Array(16 * 16 * 3);
    cropAndResize(gradient(size), size, { x: 4, y: 8, width: 16, height: 24 }, false, 16, out);
    for (let y = 1; y < 15; y++)
      for (let x = 1; x < 15; x++) {
        const at = (y * 16 + x) * 3;
        assert.ok(Math.abs(out[at]! - 4 * (4 + x)) <= 1);
        assert.ok(Math.abs(out[at + 1]! - 4 * (8 + (y + 0.5) * 1.5 - 0.5)) <= 1);
        assert.equal(out[at + 2], 128);
      }
  });

  it('crops every frame of a clip in the same place', () => {
    const frame = gradient(32);
    const clip = new Uint8Array(frame.length * 2);
    clip.set(frame, 0);
    clip.set(frame, frame.length);
    const out = new Uint8Array(16 * 16 * 3 * 2);
    const options = augmentOptions.parse({ crop: 'random-resized', flip: 1 });
    augmentClip(clip, 32, options, drawing(0.3, 0.8, 0.1, 0.6, 0), 16, out);
    assert.deepEqual(out.subarray(0, out.length / 2), out.subarray(out.length / 2));
  });
});
