import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MovingMean } from '../../../stages/evaluate/moving-mean.js';

function averaged(width: number, points: readonly (readonly [number, number])[]) {
  const mean = new MovingMean<number>(width);
  const done = points.map(([time, score], i) => mean.add({ time, scores: Float32Array.of(score), about: i })); // prettier-ignore
  return { early: done.flat().length, all: [...done.flat(), ...mean.end()] };
}

describe('a moving mean of scores', () => {
  const points = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: -9, max: 9 })), {
      maxLength: 40,
    })
    .map((steps) => {
      let time = 0;
      return steps.map(([step, score]) => [(time += step / 4), score] as const);
    });

  it('is that of all neighbours within half the width, in order', () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 0, max: 40 }), (given, quarters) => {
        const width = quarters / 4;
        const { all } = averaged(width, given);
        assert.deepEqual(all.map(({ about }) => about), given.map((_, i) => i)); // prettier-ignore
        for (const { about, scores } of all) {
          const [time, score] = given[about]!;
          const near = given.filter(([other]) => Math.abs(other - time) <= width / 2);
          const expected = width === 0 ? score : near.reduce((sum, [, one]) => sum + one, 0) / near.length; // prettier-ignore
          assert.ok(Math.abs(scores[0]! - expected) < 1e-5);
        }
      }),
    );
  });

  it('gives each as soon as its neighbours are known', () => {
    const steady = Array.from({ length: 100 }, (_, i) => [i, i] as const);
    assert.equal(averaged(10, steady).early, 94);
    assert.equal(averaged(0, steady).early, 100);
  });
});
