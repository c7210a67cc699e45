import assert from 'node:assert/strict';
import fc from 'fast-check';
import { mustYield, nextPart, type PartChoice } from '../../../pipeline/plan/next-part.js';
import type { SeenWorker } from '../../../pipeline/plan/progress-files.js';

const worker = (name: string, part: number | null, age = 0): SeenWorker => ({
  ...{ worker: name, host: 'h', pid: 1, part, age },
  ...{ done: 0, total: 0, written: 0, quarantined: 0, seconds: 1, clips: 0, parts: 0, failure: null }, // prettier-ignore
});

const choice = (given: Partial<PartChoice>): PartChoice => ({
  ...{ count: 8, done: new Set<number>(), share: null, worker: 'me', workers: [], patience: 60 },
  ...given,
});

describe('the next part of a worker', () => {
  it('is one that is not done and that no living worker is at', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 29 })),
        fc.uniqueArray(fc.integer({ min: 0, max: 29 })),
        fc.string(),
        (count, done, taken, name) => {
          const workers = taken.map((part) => worker(`other-${part}`, part));
          const next = nextPart(choice({ count, done: new Set(done), workers, worker: name }));
          const open = Array.from({ length: count }, (_, part) => part).filter((part) => !done.includes(part)); // prettier-ignore
          const free = open.filter((part) => !taken.includes(part));
          if (open.length === 0) assert.equal(next, null);
          else if (free.length === 0) assert.equal(next, 'wait');
          else assert.ok(free.includes(next as number));
        },
      ),
    );
  });

  it('is that of a worker which has not said anything for too long', () => {
    const others = Array.from({ length: 8 }, (_, part) => worker(`w${part}`, part, part === 5 ? 61 : 59)); // prettier-ignore
    assert.equal(nextPart(choice({ workers: others })), 5);
  });

  it('is one of its share, in their order, whatever others do', () => {
    const workers = [worker('other', 2)];
    const share = { index: 2, count: 3 };
    assert.equal(nextPart(choice({ share, workers })), 2);
    assert.equal(nextPart(choice({ share, workers, done: new Set([2]) })), 5);
    assert.equal(nextPart(choice({ share, done: new Set([2, 5]) })), null);
  });

  it('is left to the one of the smaller name, of several that chose it at once', () => {
    const workers = [worker('a', 3), worker('b', 3), worker('c', 3)];
    const yields = ['a', 'b', 'c'].map((name) => mustYield(3, choice({ worker: name, workers })));
    assert.deepEqual(yields, [false, true, true]);
  });
});
