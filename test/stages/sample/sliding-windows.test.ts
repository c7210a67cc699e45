import assert from 'node:assert/strict';
import fc from 'fast-check';
import { slidingWindows } from '../../../stages/sample/sliding-windows.js';

const steady = (frames: number, rate: number) => ({
  times: Array.from({ length: frames }, (_, i) => i / rate),
  end: frames / rate,
  interval: 1 / rate,
});
const plan = { frames: 16, stride: 4 };

describe('sliding clips', () => {
  it('start every so many seconds, and the last one ends with the video', () => {
    const windows = slidingWindows(steady(250, 25), plan, 2);
    assert.deepEqual(
      windows.map(({ span }) => span.map((time) => Math.round(100 * time) / 100)),
      [[0, 2.56], [2, 4.56], [4, 6.56], [6, 8.56], [7.44, 10]],
    ); // prettier-ignore
    assert.deepEqual(windows.map(({ held }) => held), [0, 0, 0, 0, 0]); // prettier-ignore
  });

  it('are one of a video that is shorter than a clip', () => {
    const [only, ...others] = slidingWindows(steady(20, 25), plan, 0.1);
    assert.equal(others.length, 0);
    assert.equal(only!.span[0], 0);
    assert.equal(only!.held, 11);
  });

  it('see every instant of a video, whatever its rate', () => {
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 600 }), fc.integer({ min: 5, max: 60 }), fc.double({ min: 0.02, max: 1, noNaN: true }), (frames, rate, part) => {
        const line = steady(frames, rate);
        const length = 64 / rate;
        const every = part * length;
        const windows = slidingWindows(line, plan, every);
        assert.equal(windows[0]!.span[0], 0);
        assert.ok(windows.at(-1)!.span[1] >= line.end - 1 / rate);
        for (const [i, { span, held }] of windows.entries()) {
          assert.equal(held, 0);
          const before = windows[i - 1];
          if (before === undefined) continue;
          assert.ok(span[0] > before.span[0]);
          // A clip starts at a frame: up to a frame step earlier than asked for.
          assert.ok(span[0] - before.span[0] <= every + 1 / rate + 1e-9);
        }
        assert.ok(windows.length <= frames);
      }),
    ); // prettier-ignore
  });

  it('leave out pauses, however long', () => {
    const first = Array.from({ length: 100 }, (_, i) => i / 25);
    const times = [...first, ...first.map((time) => time + 1e6)];
    const windows = slidingWindows({ times, end: 1e6 + 4, interval: 0.04 }, plan, 1);
    assert.deepEqual(windows.map(({ span }) => Math.round(100 * span[0]) / 100), [0, 1, 1.44, 1e6, 1e6 + 1, 1e6 + 1.44]); // prettier-ignore
  });
});
