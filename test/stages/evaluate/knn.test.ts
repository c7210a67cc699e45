import assert from 'node:assert/strict';
import fc from 'fast-check';
import { useBackend } from '../../../engine/backend.js';
import { createKnn, vote } from '../../../stages/evaluate/knn.js';

describe('the kNN probe', () => {
  before(() => useBackend('cpu'));

  it('weighs votes by exp(cosine / tau), as DINO’s eval_knn.py', () => {
    const nearest = [0.9, 0.8, 0.5].map((similarity, index) => ({ index, similarity }));
    const shares = vote(nearest, [1, 0, 0], { classes: 3, tau: 0.1 });
    const [a, b, c] = [9, 8, 5].map(Math.exp) as [number, number, number];
    const expected = [(b + c) / (a + b + c), a / (a + b + c), 0];
    shares.forEach((share, i) => { assert.ok(Math.abs(share - expected[i]!) < 1e-6); }); // prettier-ignore
  });

  it('stays finite at any temperature', () => {
    const nearest = [1, 0.999].map((similarity, index) => ({ index, similarity }));
    assert.deepEqual([...vote(nearest, [0, 1], { classes: 2, tau: 1e-6 })], [1, 0]);
  });

  it('gives what sorting all cosines gives, however vectors are handed over', async () => {
    const vector = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 4, maxLength: 4 });
    const rows = fc.array(fc.tuple(vector, fc.nat(2)), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(rows, fc.array(vector, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 7 }), async (bank, queries, k, part) => {
        const knn = createKnn({ k, tau: 0.5, classes: 3 });
        for (let i = 0; i < bank.length; i += part) {
          const some = bank.slice(i, i + part);
          knn.add(Float32Array.from(some.flatMap(([values]) => values)), some.map(([, label]) => label)); // prettier-ignore
          // Asking between two parts changes nothing.
          if (i === part) await knn.scores(Float32Array.from(queries[0]!));
        }
        const scores = await knn.scores(Float32Array.from(queries.flat()));
        knn.dispose();
        queries.forEach((query, i) => {
          const cosine = (other: readonly number[]) => {
            const dot = query.reduce((sum, value, j) => sum + value * other[j]!, 0);
            const lengths = Math.hypot(...query) * Math.hypot(...other);
            return lengths === 0 ? 0 : dot / lengths;
          };
          const sorted = bank.map(([values, label]) => ({ label, cosine: cosine(values) })).sort((a, b) => b.cosine - a.cosine); // prettier-ignore
          // Where the k-th and the next are equal but for rounding, either may vote.
          const [last, next] = [sorted[k - 1], sorted[k]];
          if (last !== undefined && next !== undefined && last.cosine - next.cosine < 1e-5) return;
          const votes = [0, 0, 0];
          for (const { label, cosine } of sorted.slice(0, k)) votes[label]! += Math.exp(cosine / 0.5);
          const all = votes.reduce((a, b) => a + b, 0);
          votes.forEach((sum, label) => { assert.ok(Math.abs(scores[i * 3 + label]! - sum / all) < 1e-4); }); // prettier-ignore
        });
      }),
    ); // prettier-ignore
  });

  it('says that there is nobody to ask', async () => {
    await assert.rejects(createKnn({ k: 1, tau: 1, classes: 2 }).scores(new Float32Array(4)), RangeError); // prettier-ignore
  });
});
