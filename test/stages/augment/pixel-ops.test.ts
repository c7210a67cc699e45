import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import * as ops from '../../../stages/augment/pixel-ops.js';
import { randAugment } from '../../../stages/augment/rand-augment.js';
import { eraseRandomly } from '../../../stages/augment/random-erasing.js';
import { randomFor } from '../../../cache/order/random.js';

/** Made with Pillow 9.4. */
interface Golden {
  readonly width: number;
  readonly height: number;
  readonly input: readonly number[];
  readonly expected: Readonly<Record<string, readonly number[]>>;
}

describe('pixel operations of random augmentation', () => {
  let golden: Golden;
  before(async () => {
    const url = new URL('../../../../test/golden/pillow-pixel-ops.json', import.meta.url);
    golden = JSON.parse(await readFile(url, 'utf8')) as Golden;
  });

  /** Two frames, the second upside down: what is done to the first must not depend on it. */
  const frames = () => ({
    width: golden.width,
    height: golden.height,
    pixels: Uint8Array.from([...golden.input, ...golden.input.toReversed()]),
  });
  const angle = (21 * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const turn = ({ width, height }: ops.Frames): ops.Affine => [
    cos, -sin, width / 2 - cos * (width / 2) + sin * (height / 2),
    sin, cos, height / 2 - sin * (width / 2) - cos * (height / 2),
  ]; // prettier-ignore

  for (const [name, run, off] of [
    ['autoContrast', ops.autoContrast, 1],
    ['equalize', ops.equalize, 0],
    ['invert', ops.invert, 0],
    [
      'posterize',
      (f: ops.Frames) => {
        ops.posterize(f, 3);
      },
      0,
    ],
    [
      'solarize',
      (f: ops.Frames) => {
        ops.solarize(f, 100);
      },
      0,
    ],
    [
      'solarizeAdd',
      (f: ops.Frames) => {
        ops.solarizeAdd(f, 77);
      },
      0,
    ],
    [
      'color',
      (f: ops.Frames) => {
        ops.color(f, 1.63);
      },
      1,
    ],
    [
      'contrast',
      (f: ops.Frames) => {
        ops.contrast(f, 0.37);
      },
      1,
    ],
    [
      'brightness',
      (f: ops.Frames) => {
        ops.brightness(f, 1.63);
      },
      1,
    ],
    [
      'sharpness',
      (f: ops.Frames) => {
        ops.sharpness(f, 1.63);
      },
      1,
    ],
    [
      'smooth',
      (f: ops.Frames) => {
        ops.sharpness(f, 0.37);
      },
      1,
    ],
  ] as const)
    // prettier-ignore
    it(`${name} as Pillow's${off > 0 ? ', to one level' : ''}`, () => {
      const changed = frames();
      run(changed);
      golden.expected[name]!.forEach((value, i) => {
        assert.ok(Math.abs(changed.pixels[i]! - value) <= off, `value ${i}: ${changed.pixels[i]} instead of ${value}`); // prettier-ignore
      });
    });

  for (const [name, map] of [
    ['shear', (): ops.Affine => [1, 0.21, 0, 0, 1, 0]],
    ['shift', (): ops.Affine => [1, 0, 2.25, 0, 1, 0]],
    ['turn', turn],
  ] as const)
    it(`${name} as Pillow's, but where the picture ends`, () => {
      const changed = frames();
      ops.transform(changed, map(changed));
      const near = golden.expected[name]!.filter((value, i) => Math.abs(changed.pixels[i]! - value) <= 2).length; // prettier-ignore
      // Pillow repeats the last pixels where half of one is outside; here they fade into the fill.
      assert.ok(near >= 0.7 * golden.input.length, `${near} of ${golden.input.length} values`);
    });

  it('the identity leaves every pixel', () => {
    const changed = frames();
    ops.transform(changed, [1, 0, 0, 0, 1, 0]);
    ops.sharpness(changed, 1);
    ops.color(changed, 1);
    ops.contrast(changed, 1);
    ops.brightness(changed, 1);
    assert.deepEqual(changed, frames());
  });

  it('random augmentation is a function of its draws, and differs between draws', () => {
    const results = new Set<string>();
    const seeds = new Set<number>();
    fc.assert(
      fc.property(fc.nat(1000), (seed) => {
        const [a, b] = [frames(), frames()];
        for (const one of [a, b])
          randAugment(one, { augmentOps: 4, augmentMagnitude: 7 }, randomFor(seed, 0, 'x', 'augment')); // prettier-ignore
        assert.deepEqual(a, b);
        results.add(a.pixels.join());
        seeds.add(seed);
      }),
      { numRuns: 60 },
    );
    assert.ok(results.size > 0.75 * seeds.size, `${results.size} different of ${seeds.size}`);
    const off = frames();
    randAugment(off, { augmentOps: 0, augmentMagnitude: 7 }, Math.random);
    assert.deepEqual(off, frames());
  });

  it('erasing hits one box, the same in all frames, about as often as asked', () => {
    let erased = 0;
    const size = 24;
    for (let seed = 0; seed < 300; seed++) {
      const clip = { width: size, height: size, pixels: new Uint8Array(2 * size * size * 3) };
      eraseRandomly(clip, 0.25, randomFor(seed, 0, 'x', 'erase'));
      const hit = (frame: number) =>
        Array.from({ length: size * size }, (_, i) => {
          const at = (frame * size * size + i) * 3;
          return clip.pixels.subarray(at, at + 3).some((value) => value > 0);
        });
      const [first, second] = [hit(0), hit(1)];
      const places = first.flatMap((value, i) => (value ? [i] : []));
      if (places.length === 0) continue;
      erased++;
      const [xs, ys] = [places.map((i) => i % size), places.map((i) => Math.floor(i / size))];
      const area = (Math.max(...xs) - Math.min(...xs) + 1) * (Math.max(...ys) - Math.min(...ys) + 1);
      // Noise is black now and then, in few of the box's pixels.
      assert.ok(places.length > 0.9 * area && area <= 0.4 * size * size);
      assert.ok(first.filter((value, i) => value !== second[i]).length < 0.1 * area);
    }
    assert.ok(erased > 50 && erased < 100, `${erased} of 300`);
  }); // prettier-ignore
});
