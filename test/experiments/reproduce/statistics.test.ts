import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { betaQuantile, betaShare, studentQuantile } from '../../../experiments/reproduce/distributions.js'; // prettier-ignore
import {
  gapsOf,
  holm,
  lossesOf,
  mcNemar,
  shareInterval,
  spreadOf,
  testMean,
  verdictOf,
} from '../../../experiments/reproduce/statistics.js';

/** What scipy says. */
interface Golden {
  readonly beta: [x: number, a: number, b: number, share: number][];
  readonly student: [freedom: number, quantile: number][];
  readonly paired: { a: number[]; b: number[]; p: number; low: number; high: number }[];
  readonly shares: [right: number, n: number, low: number, high: number][];
  readonly mcnemar: [one: number, other: number, p: number][];
}

const seeds = (...values: number[]) => new Map(values.map((value, seed) => [seed, value]));
const close = (actual: number, expected: number, what = '') => {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${what}: ${actual}, ${expected}`); // prettier-ignore
};

describe('statistics over seeds', () => {
  let golden: Golden;
  before(async () => {
    const url = new URL('../../../../test/golden/statistics.json', import.meta.url);
    golden = JSON.parse(await readFile(url, 'utf8')) as Golden;
  });

  it('mean and sample deviation are those of the textbook', () => {
    const { mean, deviation } = spreadOf([2, 4, 4, 4, 5, 5, 7, 9]);
    assert.equal(mean, 5);
    close(deviation ?? 0, Math.sqrt(32 / 7));
    assert.equal(spreadOf([3]).deviation, null);
    assert.throws(() => spreadOf([]), /nothing/);
  });

  it('gaps are taken seed by seed', () => {
    assert.deepEqual(gapsOf(new Map([[0, 5], [2, 7]]), new Map([[2, 4], [1, 1]])), [3]); // prettier-ignore
  });

  it('distributions are those of scipy', () => {
    for (const [x, a, b, share] of golden.beta) close(betaShare(x, a, b), share, `${x} ${a} ${b}`);
    for (const [n, quantile] of golden.student) close(studentQuantile(0.05, n), quantile, `t ${n}`);
  });

  it('a quantile is where the share is', () => {
    const shape = fc.double({ min: 0.5, max: 500, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), shape, shape, (p, a, b) => {
        const x = betaQuantile(p, a, b);
        // Near 1, neighbouring numbers are far apart in share.
        assert.ok(betaShare(x, a, b) >= p - 1e-9 && betaShare(x - 2e-16, a, b) <= p + 1e-6);
      }),
    );
  });

  it('paired differences, shares and McNemar’s test are those of scipy', () => {
    for (const { a, b, p, low, high } of golden.paired) {
      const test = testMean(gapsOf(seeds(...a), seeds(...b)));
      close(test.p, p, 'p');
      close(test.interval?.[0] ?? NaN, low, 'low');
      close(test.interval?.[1] ?? NaN, high, 'high');
    }
    for (const [right, n, low, high] of golden.shares) {
      close(shareInterval(right, n)[0], low, `${right}/${n}`);
      close(shareInterval(right, n)[1], high, `${right}/${n}`);
    }
    for (const [one, other, p] of golden.mcnemar) close(mcNemar(one, other), p, `${one}:${other}`);
  });

  it('one value has no interval and proves nothing; values without spread are what they are', () => {
    assert.deepEqual(testMean([7]), { n: 1, mean: 7, interval: null, p: 1 });
    assert.deepEqual(testMean([2, 2]), { n: 2, mean: 2, interval: [2, 2], p: 0 });
    assert.equal(testMean([0, 0]).p, 1);
    assert.equal(mcNemar(0, 0), 1);
  });

  it('the interval holds 0 just where the chance is above one in twenty', () => {
    const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(values, (given) => {
        const { p, interval } = testMean(given);
        const [low, high] = interval ?? [NaN, NaN];
        if (Math.abs(p - 0.05) > 1e-9) assert.equal(low <= 0 && high >= 0, p > 0.05);
      }),
    );
  });

  it('Holm: the smallest counts for all, no order is turned about, none is above 1', () => {
    assert.deepEqual(holm([0.04, 0.01, 0.5]), [0.08, 0.03, 0.5]);
    assert.deepEqual(holm([0.02, 0.02]), [0.04, 0.04]);
    assert.deepEqual(holm([0.9, 0.8]), [1, 1]);
    assert.deepEqual(holm([]), []);
  });

  it('where there is no difference, one report in twenty or fewer claims any', () => {
    // 12 claims of 5 seeds each, all of them noise; the rule of before fired in 7.5 % of single claims.
    let state = 1;
    const draw = () => (state = (state * 48271) % 2147483647) / 2147483647;
    const normal = () => Math.sqrt(-2 * Math.log(draw())) * Math.cos(2 * Math.PI * draw());
    let wrong = 0;
    const reports = 400;
    for (let report = 0; report < reports; report++) {
      const tests = Array.from({ length: 12 }, () => testMean(Array.from({ length: 5 }, normal)));
      const chances = holm(tests.map(({ p }) => p));
      if (tests.some(({ mean }, i) => verdictOf(mean, chances[i] ?? 1) !== 'not decided')) wrong++;
    }
    // 5 % of 400 are 20, and 33 are three deviations more.
    assert.ok(wrong <= 33, `${wrong} of ${reports}`);
    assert.ok(wrong > 2, 'a test that never fires tells nothing');
  });

  it('a verdict turns about with its sides', () => {
    assert.equal(verdictOf(1, 0.01), 'holds');
    assert.equal(verdictOf(-1, 0.01), 'does not hold');
    assert.equal(verdictOf(1, 0.06), 'not decided');
    assert.equal(verdictOf(0, 0), 'not decided');
  });

  it('a loss is what lacks to a quarter of the advantage', () => {
    const [system, base] = [seeds(10, 11), seeds(2, 3)];
    assert.deepEqual(lossesOf(system, seeds(2, 5), base), [2, 0]);
    assert.deepEqual(lossesOf(system, seeds(10, 11), base), [-6, -6]);
    assert.deepEqual(lossesOf(system, new Map(), base), []);
  });
});
