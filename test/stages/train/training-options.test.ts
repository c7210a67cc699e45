import assert from 'node:assert/strict';
import fc from 'fast-check';
import { planTraining, trainingOptions } from '../../../stages/train/training-options.js';

const plan = (input: object, samples: number) =>
  planTraining(trainingOptions.parse(input), samples);

describe('the plan of a training', () => {
  it('is the paper’s by default: 800 epochs, 40 of warm-up, 1.5e-4 for a batch of 256', () => {
    assert.deepEqual(plan({ batch: 256 }, 2560), {
      steps: 8000,
      warmupSteps: 400,
      lr: 1.5e-4,
      minLr: 1e-5,
    });
  });

  it('scales the learning rate with the batch, unless it is given', () => {
    assert.equal(plan({ batch: 64 }, 100).lr, 1.5e-4 / 4);
    assert.equal(plan({ batch: 64, lr: 0.002 }, 100).lr, 0.002);
  });

  it('scales the end of the cosine as well, so that a small batch has a cosine', () => {
    assert.equal(plan({ batch: 64 }, 100).minLr, 1e-5 / 4);
    assert.equal(plan({ batch: 64, minLr: 2e-5 }, 100).minLr, 2e-5);
    const small = plan({ batch: 8 }, 100);
    assert.ok(small.minLr < small.lr / 10, `${small.minLr} of ${small.lr}`);
  });

  it('warms up for a tenth of a short run at most', () => {
    assert.equal(plan({ batch: 10, steps: 60 }, 1000).warmupSteps, 6);
    assert.equal(plan({ batch: 10, steps: 60, warmupEpochs: 0 }, 1000).warmupSteps, 0);
  });

  it('counts epochs in clips, where the batch does not divide the cache too', () => {
    assert.equal(plan({ batch: 4, epochs: 10 }, 10).steps, 25);
    assert.equal(plan({ batch: 8, epochs: 1 }, 3).steps, 1);
  });

  it('always has a step, and never ends above the learning rate', () => {
    const input = fc.record({
      batch: fc.integer({ min: 1, max: 512 }),
      epochs: fc.double({ min: 1e-3, max: 1000, noNaN: true }),
      warmupEpochs: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(input, fc.integer({ min: 1, max: 100_000 }), (given, samples) => {
        const { steps, warmupSteps, lr, minLr } = plan(given, samples);
        assert.ok(Number.isInteger(steps) && steps >= 1);
        assert.ok(Number.isInteger(warmupSteps) && warmupSteps <= Math.ceil(steps / 10));
        assert.ok(lr > 0 && minLr <= lr);
      }),
    );
  });
});

describe('options of a training', () => {
  const refused = (input: object, message: RegExp) => {
    const result = trainingOptions.safeParse(input);
    assert.equal(result.success, false);
    assert.match(result.error.issues.map(({ message }) => message).join(), message);
  };

  it('are understood as text', () => {
    const { batch, lr } = trainingOptions.parse({ batch: '3', lr: '1e-3' });
    assert.deepEqual([batch, lr], [3, 1e-3]);
  });

  it('that cannot be are refused', () => {
    refused({ batch: 0 }, /whole number, 1 or more/);
    refused({ batch: 2.5 }, /whole number, 1 or more/);
    refused({ epochs: 0 }, /must be above 0/);
    refused({ maskRatio: 1 }, /nothing would be left to see/);
    refused({ maskRatio: 0 }, /nothing would be left to reconstruct/);
    refused({ mask: 'cached', maskRatio: 0.5 }, /cached masks have their own ratio/);
    refused({ learningRate: 1 }, /learningRate/);
  });
});
