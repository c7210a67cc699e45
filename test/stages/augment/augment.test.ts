import assert from 'node:assert/strict';
import fc from 'fast-check';
import { augmentClip, augmentOptions, cropBox } from '../../../stages/augment/augment.js';

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

  /** Frames of any shape, of which the model sees a square that fits. */
  const geometries = fc
    .record({
      height: fc.integer({ min: 8, max: 300 }),
      width: fc.integer({ min: 8, max: 300 }),
      outSize: fc.integer({ min: 4, max: 300 }),
    })
    .map((geometry) => ({ ...geometry, size: Math.min(geometry.height, geometry.width) - 3 }));
  const square = (size: number, outSize = size) => ({ height: size, width: size, size, outSize });

  for (const kind of ['multi-scale', 'random-resized', 'none'] as const)
    it(`${kind}: the box lies inside the frame for every size and draw`, () => {
      fc.assert(
        fc.property(
          geometries,
          fc.array(unit, { minLength: 4, maxLength: 8 }),
          (geometry, numbers) => {
            const box = cropBox({ crop: kind }, geometry, drawing(...numbers));
            assert.ok(box.x >= 0 && box.y >= 0 && box.width >= 1 && box.height >= 1);
            assert.ok(box.x + box.width <= geometry.width && box.y + box.height <= geometry.height);
          },
        ),
      );
    });

  it('multi-scale reaches all 13 places and sides that differ by one scale step at most', () => {
    const places = new Set<string>();
    for (let pair = 0; pair < 10; pair++)
      for (let place = 0; place < 13; place++) {
        const box = cropBox(
          { crop: 'multi-scale' },
          square(224),
          drawing((pair + 0.5) / 10, (place + 0.5) / 13),
        );
        const sides = [224, 196, 168, 147];
        assert.ok(Math.abs(sides.indexOf(box.width) - sides.indexOf(box.height)) <= 1);
        if (box.width === 168 && box.height === 168) places.add(`${box.x},${box.y}`);
      }
    assert.equal(places.size, 13);
    assert.ok(
      places.has('0,0') && places.has('56,56') && places.has('28,28') && places.has('14,42'),
    );
  });

  it('multi-scale takes sides of the short side, and goes over the whole of a wide frame', () => {
    const wide = { height: 224, width: 340, size: 224, outSize: 224 };
    const boxes = Array.from({ length: 13 }, (_, place) =>
      cropBox({ crop: 'multi-scale' }, wide, drawing(0, (place + 0.5) / 13)),
    );
    assert.ok(boxes.every(({ width, height, y }) => width === 224 && height === 224 && y === 0));
    assert.deepEqual(
      [...new Set(boxes.map(({ x }) => x))].sort((a, b) => a - b),
      [0, 29, 58, 87, 116],
    );
    const tall = cropBox(
      { crop: 'multi-scale' },
      { ...wide, height: 340, width: 224 },
      drawing(0, 3.5 / 13),
    );
    assert.deepEqual([tall.x, tall.y], [0, 116]);
  });

  it('multi-scale makes a side right that is nearly so', () => {
    const box = cropBox({ crop: 'multi-scale' }, square(226, 224), drawing(0, 0));
    assert.deepEqual([box.width, box.height], [224, 224]);
  });

  it('random-resized has areas of a half to the whole and aspects of 3/4 to 4/3', () => {
    fc.assert(
      fc.property(fc.array(unit, { minLength: 4, maxLength: 40 }), (numbers) => {
        const { width, height } = cropBox(
          { crop: 'random-resized' },
          square(200),
          drawing(...numbers),
        );
        const [area, aspect] = [(width * height) / 200 ** 2, width / height];
        assert.ok(area > 0.49 && area <= 1, `area ${area}`);
        assert.ok(aspect > 0.74 && aspect < 1.35, `aspect ${aspect}`);
      }),
    );
  });

  it('random-resized takes the middle where no box fits in ten draws', () => {
    // All of a frame four times as wide as high, at an aspect of one: never fits.
    const thin = { height: 50, width: 200, size: 50, outSize: 50 };
    const box = cropBox({ crop: 'random-resized' }, thin, drawing(0.999999, 0.5));
    assert.deepEqual(box, { x: 66, y: 0, width: 67, height: 50 });
  });

  it('none takes the middle square that the model sees', () => {
    const geometry = { height: 20, width: 31, size: 16, outSize: 16 };
    assert.deepEqual(cropBox({ crop: 'none' }, geometry, drawing(0)), {
      x: 7,
      y: 2,
      width: 16,
      height: 16,
    });
  });

  it('gives the frame back when nothing is to be done', () => {
    const frame = gradient(16);
    const out = new Uint8Array(frame.length);
    augmentClip(frame, square(16), augmentOptions.parse({ crop: 'none' }), drawing(0.5), out);
    assert.deepEqual(out, frame);
  });

  it('crops every frame of a clip in the same place', () => {
    const frame = gradient(32);
    const clip = new Uint8Array(frame.length * 2);
    clip.set(frame, 0);
    clip.set(frame, frame.length);
    const out = new Uint8Array(16 * 16 * 3 * 2);
    const options = augmentOptions.parse({ crop: 'random-resized', flip: 1 });
    augmentClip(clip, square(32, 16), options, drawing(0.3, 0.8, 0.1, 0.6, 0), out);
    assert.deepEqual(out.subarray(0, out.length / 2), out.subarray(out.length / 2));
  });
});
