import assert from 'node:assert/strict';
import { loadImage } from '@napi-rs/canvas';
import fc from 'fast-check';
import type { ClipShape, Sample } from '../../cache/records.js';
import { encodePng } from '../../rendering/canvas.js';
import { drawContactSheet, maskFrame } from '../../rendering/contact-sheet.js';
import { normalizeRows, viridis } from '../../rendering/heat-map.js';
import { drawCurves, smooth, ticks } from '../../rendering/loss-curve.js';
import { drawReconstructions, rowsOf, shownFrames } from '../../rendering/reconstruction-sheet.js';
import { readPixels } from '../support/picture.js';

describe('pictures', () => {
  it('a PNG holds exactly the pixels it was given', async () => {
    const rgb = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => (i * 37) % 256);
    const { width, height, rgba } = await readPixels(await encodePng(rgb, 5, 3));
    assert.deepEqual([width, height], [5, 3]);
    for (let pixel = 0; pixel < 15; pixel++)
      assert.deepEqual(
        [...rgba.subarray(pixel * 4, pixel * 4 + 3)],
        [...rgb.subarray(pixel * 3, pixel * 3 + 3)],
      );
  });

  it('a masked patch is darkened, a visible one is left alone', () => {
    const frame = new Uint8Array(8 * 8 * 3).fill(200);
    const out = maskFrame(frame, { height: 8, width: 8 }, 8, Uint8Array.of(0, 1, 1, 0));
    assert.equal(out[0], 200);
    assert.equal(out[4 * 3], 40);
    assert.equal(out[(4 * 8 + 0) * 3], 40);
    assert.equal(out[(4 * 8 + 4) * 3], 200);
  });

  it('the mask lies on the centre square of a larger frame, and what is around it is faded', () => {
    const frame = new Uint8Array(6 * 9 * 3).fill(200);
    const out = maskFrame(frame, { height: 6, width: 9 }, 4, Uint8Array.of(0, 1, 1, 0));
    const rows = Array.from({ length: 6 }, (_, y) => Array.from({ length: 9 }, (__, x) => out[(y * 9 + x) * 3])); // prettier-ignore
    const faded = new Array<number>(9).fill(236);
    const upper = [236, 236, 200, 200, 40, 40, 236, 236, 236];
    const lower = [236, 236, 40, 40, 200, 200, 236, 236, 236];
    assert.deepEqual(rows, [faded, upper, upper, lower, lower, faded]);
  });

  it('a contact sheet shows frames in their own shape, in fewer columns when they are wide', async () => {
    const shape: ClipShape = { frames: 4, size: 16, storeSize: 16, square: false, positions: 4, mfccFrames: 8, cepstra: 13 }; // prettier-ignore
    for (const [width, height, columns] of [[16, 28, 4], [40, 16, 4], [256, 16, 2]] as const) {
      const pixels = height * width * 3;
      const sample = {
        header: {
          key: 'ab'.repeat(32), path: '/x', id: 'x', label: null, split: null, start: null, end: null, contentHash: 'cd',
          clip: 0, height, width, times: [0, 0.1, 0.2, 0.3], span: [0, 0.4],
          flags: { audioPresent: false, substituted: 0, held: 0, warnings: [] },
        },
        frames: Uint8Array.from({ length: 4 * pixels }, (_, i) => 10 + Math.floor(i / pixels)),
        mask: Uint8Array.of(0, 1, 1, 1),
        mfcc: new Float32Array(8 * 13),
      } as unknown as Sample;
      const sheet = await readPixels(await drawContactSheet(sample, shape));
      const shown = [Math.round(96 * Math.sqrt(width / height)), Math.round(96 * Math.sqrt(height / width))] as const;
      for (let i = 0; i < 4; i++) {
        const x = 16 + (i % columns) * (shown[0] + 4);
        const y = 66 + 24 + Math.floor(i / columns) * (shown[1] + 18);
        for (const [dx, dy] of [[1, 1], [shown[0] - 2, shown[1] - 2]] as const)
          assert.equal(sheet.rgba[((y + dy) * sheet.width + x + dx) * 4], 10 + i);
      }
    }
  }); // prettier-ignore

  it('a heat map scales each cepstrum by itself and keeps silence dark', () => {
    const values = normalizeRows(Float32Array.of(0, 5, 10, 5, 20, 5), 2);
    assert.deepEqual([...values], [0, 0.5, 1, 0, 0, 0]);
    assert.deepEqual(viridis(0), [68, 1, 84]);
    assert.deepEqual(viridis(1), [253, 231, 37]);
  });

  it('ticks are round numbers inside the range, at most as many as asked for and one', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        fc.integer({ min: 2, max: 12 }),
        (low, range, count) => {
          const marks = ticks(low, low + range, count);
          assert.ok(marks.length >= 1 && marks.length <= count + 1);
          for (const mark of marks)
            assert.ok(mark >= low - 1e-6 * range && mark <= low + range * (1 + 1e-6));
        },
      ),
    );
    assert.deepEqual(ticks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
    assert.deepEqual(ticks(1e-319, 40000.00000000001, 2), [20000, 40000]);
    assert.deepEqual(ticks(1.1, 1.3, 1), [1.2]);
  });

  it('smoothing keeps a constant and the length', () => {
    assert.deepEqual(smooth([2, 2, 2, 2], 2), [2, 2, 2, 2]);
    assert.deepEqual(smooth([0, 3, 0], 1), [1.5, 1, 1.5]);
  });

  it('a curve picture needs something to draw', async () => {
    assert.throws(() => drawCurves([{ name: 'a', points: [] }], 'loss'), /nothing to draw/);
    const picture = await drawCurves(
      [{ name: 'a', points: [{ step: 1, value: 1 }, { step: 2, value: 0.5 }] }], 'loss'); // prettier-ignore
    assert.ok((await loadImage(picture)).width > 100);
  });

  it('shown frames are evenly spread and never more than there are slots', () => {
    assert.deepEqual(shownFrames(16, 2, 8), [0, 2, 4, 6, 8, 10, 12, 14]);
    assert.deepEqual(shownFrames(16, 2, 4), [0, 4, 8, 12]);
    assert.deepEqual(shownFrames(4, 2, 8), [0, 2]);
  });

  it('a reconstruction sheet shows the three films in their rows', async () => {
    const film = (value: number) => new Uint8Array(4 * 16 * 16 * 3).fill(value);
    const clip = {
      title: 't',
      films: rowsOf(film(250), { visible: film(120), reconstruction: film(10) }),
    };
    const png = await drawReconstructions([clip], { size: 16, tubelet: 2, heading: 'h' });
    const { rgba, width } = await readPixels(png);
    const column = 16 + 132 + 48;
    const at = (y: number) => rgba[(y * width + column) * 4];
    assert.deepEqual([at(44 + 22 + 48), at(44 + 22 + 148), at(44 + 22 + 248)], [250, 120, 10]);
    assert.throws(() => drawReconstructions([], { size: 16, tubelet: 2, heading: 'h' }), /no clip/);
  });

  it('a contact sheet survives any file name and no label', async () => {
    const shape: ClipShape = {
      frames: 4,
      size: 16,
      storeSize: 16,
      square: true,
      positions: 4,
      mfccFrames: 8,
      cepstra: 13,
    };
    const sample = {
      header: {
        key: 'ab'.repeat(32), path: '/x', id: 'odd\n"name" \u0000 🎬', label: null, split: null,
        start: null, end: null, contentHash: 'cd', clip: 0, height: 16, width: 16, times: [0, 0.1, 0.2, 0.3], span: [0, 0.4],
        flags: { audioPresent: false, substituted: 1, held: 1, warnings: ['bad'] },
      },
      frames: new Uint8Array(4 * 16 * 16 * 3).fill(90),
      mask: Uint8Array.of(0, 1, 1, 1),
      mfcc: new Float32Array(8 * 13),
    } as unknown as Sample; // prettier-ignore
    const { width, height } = await readPixels(await drawContactSheet(sample, shape));
    assert.ok(width > 700 && height > 400);
  });
});
