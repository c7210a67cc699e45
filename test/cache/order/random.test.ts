import assert from 'node:assert/strict';
import { randomFor } from '../../../cache/order/random.js';

const take = (draw: () => number, count: number) => Array.from({ length: count }, draw);

describe('random streams', () => {
  it('are a function of their parts, each of which matters', () => {
    const first = take(randomFor(1, 2, 'clip', 'mask'), 5);
    assert.deepEqual(take(randomFor(1, 2, 'clip', 'mask'), 5), first);
    for (const other of [
      randomFor(2, 2, 'clip', 'mask'),
      randomFor(1, 3, 'clip', 'mask'),
      randomFor(1, 2, 'clip2', 'mask'),
      randomFor(1, 2, 'clip', 'crop'),
      randomFor(12, 0, 'clip', 'mask'),
    ])
      assert.notDeepEqual(take(other, 5), first);
  });

  it('have not changed: resumed runs rely on them', () => {
    assert.deepEqual(
      take(randomFor(42, 3, 'key', 'mask'), 3),
      [0.8590480838888419, 0.4229133050940733, 0.6509002087876528],
    );
  });

  it('are uniform in [0, 1), and streams of neighbours are unrelated', () => {
    const count = 20_000;
    const [a, b] = [take(randomFor(1, 0, 7, 'x'), count), take(randomFor(1, 0, 8, 'x'), count)];
    assert.ok(a.every((value) => value >= 0 && value < 1));
    const mean = a.reduce((sum, value) => sum + value, 0) / count;
    const correlation = a.reduce((sum, value, i) => sum + (value - 0.5) * (b[i]! - 0.5), 0) / count;
    // Five standard errors: 0.2887 / √n, and 1/12 / √n.
    assert.ok(Math.abs(mean - 0.5) < 0.0102, `mean ${mean}`);
    assert.ok(Math.abs(correlation) < 0.003, `covariance ${correlation}`);
  });
});
