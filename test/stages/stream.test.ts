import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { runPipeline, stage, type StageStream, type StageWork } from '../../stages/stream.js';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Runs stages over 0 … count − 1 and returns what comes out. */
async function through(count: number, ...stages: StageStream[]): Promise<unknown[]> {
  const out: unknown[] = [];
  const sink = new Writable({
    objectMode: true,
    highWaterMark: 1,
    write(result, _encoding, done) {
      out.push(result);
      setImmediate(done);
    },
  });
  await pipeline([Readable.from(numbers(count), { highWaterMark: 1 }), ...stages, sink]);
  return out;
}

describe('a stage as a stream', () => {
  it('keeps the order, whatever takes how long, and drops and multiplies', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })), { maxLength: 30 }), // prettier-ignore
        async (concurrency, records) => {
          const work: StageWork<number, string> = async (i) => {
            const [turns = 0, results = 0] = records[i] ?? [];
            for (let t = 0; t < turns; t++) await turn();
            return numbers(results).map((r) => `${i}.${r}`);
          };
          assert.deepEqual(
            await through(records.length, stage('a', work, { concurrency }), stage('b', (x: string) => [x])), // prettier-ignore
            records.flatMap(([, results], i) => numbers(results).map((r) => `${i}.${r}`)),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('works on as many at once as allowed, and holds no more', async () => {
    let [inWork, most, alive, mostAlive] = [0, 0, 0, 0];
    const slow = stage<number, number>(
      'slow',
      async (i) => {
        most = Math.max(most, ++inWork);
        mostAlive = Math.max(mostAlive, ++alive);
        await turn();
        inWork--;
        return [i];
      },
      { concurrency: 3 },
    );
    const out: number[] = [];
    await pipeline(Readable.from(numbers(40), { highWaterMark: 1 }), slow, async (results) => {
      for await (const i of results as AsyncIterable<number>) {
        alive--;
        for (let t = 0; t < 20; t++) await turn();
        out.push(i);
      }
    });
    assert.deepEqual(out, numbers(40));
    assert.equal(most, 3);
    // Three in the stage, and one that the reader has been promised.
    assert.ok(mostAlive <= 4, `${mostAlive} records were alive`);
    assert.equal(slow.counters.items, 40);
    assert.equal(slow.counters.queued, 0);
    assert.ok(slow.counters.busySeconds > 0);
  });

  it('goes on behind a record that takes long, as far as its window, and keeps the order', async () => {
    const begun: number[] = [];
    let most = 0;
    let inWork = 0;
    let end = (): void => undefined;
    const long = new Promise<void>((resolve) => (end = resolve));
    const uneven = stage<number, number>(
      'uneven',
      async (i) => {
        begun.push(i);
        most = Math.max(most, ++inWork);
        await (i === 0 ? long : turn());
        inWork--;
        return [i];
      },
      { concurrency: 2, window: 5 },
    );
    const out = through(12, uneven);
    for (let t = 0; t < 100; t++) await turn();
    assert.deepEqual(begun, numbers(5));
    end();
    assert.deepEqual(await out, numbers(12));
    assert.equal(most, 2);
  });

  it('drops what fails when the policy says so', async () => {
    const failed: unknown[] = [];
    const odd = stage<number, number>(
      'odd',
      (i) => {
        if (i % 2 === 1) throw new Error(`no ${i}`);
        return [i];
      },
      { concurrency: 2, onFailure: (error, record) => void failed.push([(error as Error).message, record]) }, // prettier-ignore
    );
    assert.deepEqual(await through(5, odd), [0, 2, 4]);
    assert.deepEqual(failed, [['no 1', 1], ['no 3', 3]]); // prettier-ignore
  });

  it('stops everything when a failure is not dropped, and waits for work in hand', async () => {
    let ended = 0;
    const work = async (i: number, signal: AbortSignal) => {
      if (i === 2) throw new Error('broken');
      if (i > 2) await delay(60_000, undefined, { signal }).catch(() => undefined);
      ended++;
      return [i];
    };
    await assert.rejects(through(9, stage('a', work, { concurrency: 4 })), { message: 'broken' });
    const before = ended;
    await delay(20);
    assert.equal(ended, before);
    assert.ok(before >= 2);
  });

  it('ends early with the signal, and its work with it', async () => {
    const abort = new AbortController();
    let aborted = 0;
    const wait = stage<number, number>(
      'wait',
      async (i, signal) => {
        if (i === 3) abort.abort();
        await delay(i < 3 ? 0 : 60_000, undefined, { signal }).catch((error: unknown) => {
          aborted++;
          throw error;
        });
        return [i];
      },
      { concurrency: 2 },
    );
    const sink = new Writable({
      objectMode: true,
      write(_result, _encoding, done) {
        done();
      },
    });
    await assert.rejects(
      pipeline([Readable.from(numbers(9)), wait, sink], { signal: abort.signal }),
      { name: 'AbortError' },
    );
    await turn();
    assert.ok(aborted >= 1);
  });

  it('fails with the error of its sink, whenever that comes, once all are closed', async () => {
    const slow: StageWork<number, number> = async (n) => {
      await delay(1);
      return [n];
    };
    for (let wait = 0; wait < 12; wait++)
      for (const concurrency of [1, 2]) {
        const fail = async (record: number) => {
          if (record !== 3) return;
          // Until all that stands in front of it is done and waits, or in the middle of it.
          if (wait === 0) await delay(20);
          for (let i = 0; i < wait; i++) await Promise.resolve();
          throw new Error('the disk is full');
        };
        const sink = new Writable({
          objectMode: true,
          highWaterMark: 1,
          write(record: number, _encoding, done) {
            fail(record).then(() => { done(); }, done); // prettier-ignore
          },
        });
        const streams = [
          Readable.from(numbers(20), { highWaterMark: 1 }),
          stage('one', slow, { concurrency }),
          stage('two', slow, { concurrency, onFailure: () => undefined }),
          sink,
        ] as const;
        const ended = runPipeline(streams);
        await assert.rejects(ended, /the disk is full/, `${wait} turns, ${concurrency} at once`);
        assert.ok(streams.every(({ closed }) => closed));
      }
  });
});
