import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cosineWithWarmup } from '../../../model/optim/schedule.js';

/** VideoMAE's cosine_scheduler, as it is written there: two lists, one after the other. */
function cosineScheduler(base: number, final: number, steps: number, warmup: number): number[] {
  const linspace = Array.from({ length: warmup }, (_, i) =>
    warmup === 1 ? 0 : (base * i) / (warmup - 1),
  );
  const rest = steps - warmup;
  const cosine = Array.from(
    { length: rest },
    (_, i) => final + 0.5 * (base - final) * (1 + Math.cos((Math.PI * i) / rest)),
  );
  return [...linspace, ...cosine];
}

describe('learning rate', () => {
  it('is VideoMAE’s at each step of any run', () => {
    const run = fc.integer({ min: 1, max: 300 }).chain((steps) =>
      fc.record({
        steps: fc.constant(steps),
        warmupSteps: fc.integer({ min: 0, max: steps }),
        lr: fc.double({ min: 1e-6, max: 1, noNaN: true }),
        minLr: fc.double({ min: 0, max: 1e-6, noNaN: true }),
      }),
    );
    fc.assert(
      fc.property(run, (schedule) => {
        const { steps, warmupSteps, lr, minLr } = schedule;
        cosineScheduler(lr, minLr, steps, warmupSteps).forEach((expected, step) => {
          assert.ok(Math.abs(cosineWithWarmup(step, schedule) - expected) <= 1e-12 * lr);
        });
      }),
    );
  });

  it('goes on at the last rate where it was extended, down to 0', () => {
    const begun = { steps: 100, warmupSteps: 10, lr: 1, minLr: 0.01 };
    const once = { ...begun, steps: 150, extendedAt: [100] };
    const twice = { ...begun, steps: 152, extendedAt: [100, 150] };
    for (let step = 0; step < 100; step++)
      assert.equal(cosineWithWarmup(step, twice), cosineWithWarmup(step, begun));
    const last = cosineWithWarmup(99, begun);
    assert.ok(last > 0.01 && last < 0.011);
    assert.equal(cosineWithWarmup(100, once), last);
    assert.ok(Math.abs(cosineWithWarmup(125, once) - last / 2) < 1e-12);
    assert.equal(cosineWithWarmup(150, once), 0);
    assert.equal(cosineWithWarmup(150, twice), cosineWithWarmup(149, once));
    assert.equal(cosineWithWarmup(151, twice), cosineWithWarmup(149, once) / 2);
  });

  it('starts at 0, peaks after the warm-up and stays at the least after the end', () => {
    const schedule = { steps: 100, warmupSteps: 10, lr: 1, minLr: 0.01 };
    const at = (step: number) => cosineWithWarmup(step, schedule);
    assert.deepEqual([at(0), at(9), at(10)], [0, 1, 1]);
    assert.ok(Math.abs(at(55) - 0.505) < 1e-12);
    assert.deepEqual([at(100), at(1000)], [0.01, 0.01]);
  });
});
