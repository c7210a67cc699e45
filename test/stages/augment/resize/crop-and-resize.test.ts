import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cropAndResize, type CropBox } from '../../../../stages/augment/resize/crop-and-resize.js';

interface Case {
  readonly width: number;
  readonly height: number;
  readonly box: CropBox;
  readonly size: number;
  readonly mirrored: boolean;
  readonly seed: number;
}

const COUNT = 2;

function framesOf({ width, height, seed }: Case): Uint8Array {
  return Uint8Array.from(
    { length: COUNT * width * height * 3 },
    (_, i) => Math.imul(i + 1, 2654435761 + 2 * seed) >>> 24,
  );
}

/** The real-valued formula: bilinear, half-pixel centres, clamped to the box. */
function formula(frames: Uint8Array, { width, height, box, size, mirrored }: Case): number[] {
  const axis = (i: number, length: number) => {
    const centre = Math.min(length - 1, Math.max(0, ((i + 0.5) * length) / size - 0.5));
    const low = Math.floor(centre);
    return { low, high: Math.min(length - 1, low + 1), weight: centre - low };
  };
  const out: number[] = [];
  for (let frame = 0; frame < COUNT; frame++)
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++)
        for (let channel = 0; channel < 3; channel++) {
          const y = axis(row, box.height);
          const x = axis(mirrored ? size - 1 - column : column, box.width);
          const at = (dy: number, dx: number) =>
            frames[((frame * height + box.y + dy) * width + box.x + dx) * 3 + channel]!;
          const upper = at(y.low, x.low) * (1 - x.weight) + at(y.low, x.high) * x.weight;
          const lower = at(y.high, x.low) * (1 - x.weight) + at(y.high, x.high) * x.weight;
          out.push(upper * (1 - y.weight) + lower * y.weight);
        }
  return out;
}

function run(it: Case, frames = framesOf(it)): Uint8Array {
  // Bytes around the output must stay as they are: neighbours in a batch lie there.
  const bytes = COUNT * it.size * it.size * 3;
  const around = new Uint8Array(bytes + 64).fill(99);
  const out = around.subarray(32, 32 + bytes);
  cropAndResize(frames, it, it.box, it.mirrored, it.size, out);
  assert.ok(around.subarray(0, 32).every((value) => value === 99));
  assert.ok(around.subarray(32 + bytes).every((value) => value === 99));
  return out;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    width: fc.integer({ min: 1, max: 60 }),
    height: fc.integer({ min: 1, max: 60 }),
    size: fc.integer({ min: 4, max: 40 }),
    mirrored: fc.boolean(),
    seed: fc.nat(1000),
    cut: fc.tuple(
      ...Array.from({ length: 4 }, () => fc.double({ min: 0, max: 0.999, noNaN: true })),
    ),
  })
  .map(({ cut, ...rest }) => {
    const [a = 0, b = 0, c = 0, d = 0] = cut;
    const width = 1 + Math.floor(a * rest.width);
    const height = 1 + Math.floor(b * rest.height);
    const x = Math.floor(c * (rest.width - width + 1));
    const y = Math.floor(d * (rest.height - height + 1));
    return { ...rest, box: { x, y, width, height } };
  });

describe('crop and resize', () => {
  it('is what the formula says, rounded, for every box and size', () => {
    fc.assert(
      fc.property(cases, (it) => {
        const frames = framesOf(it);
        const wanted = formula(frames, it);
        run(it, frames).forEach((value, i) => {
          // Half for rounding, 1/256 for the bits between the passes, the rest for the weights.
          assert.ok(Math.abs(value - wanted[i]!) < 0.53, `${value}, not ${wanted[i]}`);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('copies what is neither scaled nor mirrored, and mirrors what is not scaled, exactly', () => {
    fc.assert(
      fc.property(cases, fc.boolean(), (some, mirrored) => {
        const size = Math.max(4, some.size % 24);
        const it = {
          ...some,
          mirrored,
          size,
          width: size + (some.width % 5),
          height: size + (some.height % 3),
        };
        const box = { x: it.width - size, y: it.height - size, width: size, height: size };
        const frames = framesOf(it);
        assert.deepEqual(
          [...run({ ...it, box }, frames)],
          formula(frames, { ...it, box }).map(Math.round),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('gives the same after frames of other sizes went through', () => {
    const small = { width: 9, height: 7, size: 8, mirrored: true, seed: 1, box: { x: 1, y: 2, width: 5, height: 4 } }; // prettier-ignore
    const large = { width: 700, height: 500, size: 300, mirrored: false, seed: 2, box: { x: 0, y: 0, width: 700, height: 500 } }; // prettier-ignore
    const before = run(small);
    run(large);
    assert.deepEqual(run(small), before);
  });

  it('keeps an even colour, to the value', () => {
    for (const value of [0, 1, 127, 254, 255]) {
      const frames = new Uint8Array(COUNT * 30 * 20 * 3).fill(value);
      const it = { width: 30, height: 20, size: 13, mirrored: false, seed: 0, box: { x: 1, y: 1, width: 27, height: 17 } }; // prettier-ignore
      assert.ok(run(it, frames).every((out) => out === value));
    }
  });

  it('refuses frames of less than four pixels a side', () => {
    const it = { width: 9, height: 9, size: 3, mirrored: false, seed: 0, box: { x: 0, y: 0, width: 9, height: 9 } }; // prettier-ignore
    assert.throws(() => run(it), /3 pixels a side; 4 is the least/);
  });
});
