import assert from 'node:assert/strict';
import fc from 'fast-check';
import { randomFor } from '../../../cache/order/random.js';
import {
  drawTubeMask,
  maskedPositions,
  maskOptions,
  tokenOrder,
} from '../../../stages/mask/tube-mask.js';

const ratios = fc.double({ min: 0.05, max: 0.95, noNaN: true });

describe('tube mask', () => {
  it('hides what the paper hides', () => {
    assert.equal(maskedPositions(196, 0.9), 176);
    assert.equal(maskedPositions(196, 0.75), 147);
    assert.equal(maskedPositions(100, 0.57), 57);
  });

  it('hides exactly as many positions as it says, whatever is drawn', () => {
    fc.assert(
      fc.property(fc.integer({ min: 21, max: 400 }), ratios, fc.integer(), (positions, ratio, seed) => {
        const mask = drawTubeMask(positions, ratio, randomFor(seed, 0, 'a', 'mask'));
        assert.equal(mask.reduce((sum, value) => sum + value, 0), maskedPositions(positions, ratio));
      }),
    ); // prettier-ignore
  });

  it('is the same for the same seed and key, on every machine', () => {
    const draw = (key: string) => drawTubeMask(16, 0.5, randomFor(7, 0, key, 'mask')).join('');
    assert.equal(draw('k'), '0110111010100010');
    assert.notEqual(draw('k'), draw('l'));
  });

  it('hides every position equally often', () => {
    const draw = randomFor(1, 0, 'uniform', 'mask');
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 4000; i++)
      drawTubeMask(16, 0.75, draw).forEach((value, p) => (counts[p]! += value));
    // 3000 expected, standard deviation 27.
    for (const count of counts) assert.ok(Math.abs(count - 3000) < 140, String(count));
  });

  it('must leave something to see and something to reconstruct', () => {
    for (const ratio of [0, 1, -1, 2, NaN, 0.001])
      assert.throws(
        () => maskedPositions(196, ratio),
        /hides at least one and leaves at least one/,
      );
    const message = maskOptions.safeParse({ maskRatio: 1 }).error?.issues[0]?.message;
    assert.match(message ?? '', /below 1: nothing would be left to see/);
  });

  it('is spread over time in time-major order, every token in one list', () => {
    const { visible, masked } = tokenOrder(Uint8Array.of(1, 0, 1), 2);
    assert.deepEqual([...visible], [1, 4]);
    assert.deepEqual([...masked], [0, 2, 3, 5]);
  });
});
