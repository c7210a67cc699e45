import { Duplex, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** How busy a stage is; all counted since its start. */
export interface StageCounters {
  readonly stage: string;
  /** Records that it works on at once, at most. */
  readonly concurrency: number;
  /** Records that it has finished, also those that failed. */
  items: number;
  /** Records in work or finished and waiting to be handed on. */
  queued: number;
  /** Seconds spent at work, summed over records worked on at once. */
  busySeconds: number;
}

export function newCounters(stage: string, concurrency = 1): StageCounters {
  return { stage, concurrency, items: 0, queued: 0, busySeconds: 0 };
}

/** A stage's core: from one record to what follows from it, nothing to drop it. */
export type StageWork<In, Out> = (
  record: In,
  signal: AbortSignal,
) => readonly Out[] | Promise<readonly Out[]>;

export interface StageOptions<In> {
  /** Records worked on at once; default 1. */
  readonly concurrency?: number | undefined;
  /**
   * Records held at once: in work, or finished and waiting for one in front of them that takes long.
   * Default, and at least: `concurrency`.
   */
  readonly window?: number | undefined;
  /**
   * What to do with a record whose work threw: drop it by returning, or stop everything by throwing.
   * Default: stop.
   */
  readonly onFailure?: ((error: unknown, record: In) => void | Promise<void>) | undefined;
}

/** A stage as a Node stream in object mode; its types say what goes in and what comes out. */
export interface StageStream<In = unknown, Out = unknown> extends Duplex {
  readonly counters: StageCounters;
  /** For the type checker alone; not there at run time. */
  readonly records?: { readonly in: In; readonly out: Out };
}

const nothing = (): void => undefined;

/**
 * Makes a stream operator of a stage's core: records go in and out one by one in the same order,
 * up to `concurrency` are worked on at once, and no more than `window` are held. Work goes on while
 * what follows is busy. When the stream is destroyed the work's signal aborts, and the stream
 * closes only once all work has ended.
 */
export function stage<In, Out>(
  name: string,
  work: StageWork<In, Out>,
  { concurrency = 1, window = concurrency, onFailure }: StageOptions<In> = {},
): StageStream<In, Out> {
  const counters = newCounters(name, concurrency);
  const abort = new AbortController();
  const queue: Promise<readonly Out[]>[] = [];
  /** Takes the next record in. */
  let release = nothing;
  /** The reader has room again. */
  let resume = nothing;
  /** All that came in has been handed on. */
  let emptied = nothing;
  let emitting = false;
  let working = 0;

  /** Takes the next record in as soon as there is a place for it. */
  function admit(): void {
    if (working >= concurrency || queue.length >= Math.max(window, concurrency)) return;
    const next = release;
    release = nothing;
    next();
  }

  async function attempt(record: In): Promise<readonly Out[]> {
    const start = performance.now();
    working++;
    try {
      return await work(record, abort.signal);
    } catch (error) {
      if (onFailure === undefined || abort.signal.aborted) throw error;
      await onFailure(error, record);
      return [];
    } finally {
      counters.busySeconds += (performance.now() - start) / 1000;
      counters.items++;
      working--;
    }
  }

  /** Hands results on in the order of their records, at the reader's pace. */
  async function emit(): Promise<void> {
    if (emitting) return;
    emitting = true;
    for (let head = queue[0]; head !== undefined; head = queue[0]) {
      for (const result of await head) {
        if (abort.signal.aborted) return;
        if (!stream.push(result)) await new Promise<void>((resolve) => (resume = resolve));
      }
      void queue.shift();
      counters.queued = queue.length;
      admit();
    }
    emitting = false;
    emptied();
  }

  const stream = new Duplex({
    objectMode: true,
    highWaterMark: 1,
    write(record: In, _encoding, done) {
      const result = attempt(record);
      // A failure is seen to when its turn comes; until then it is not an unhandled rejection.
      void result.then(admit, nothing);
      queue.push(result);
      counters.queued = queue.length;
      void emit().catch((error: unknown) => stream.destroy(error as Error));
      release = done;
      admit();
    },
    final(done) {
      emptied = () => {
        stream.push(null);
        done();
      };
      if (!emitting) emptied();
    },
    read() {
      resume();
    },
    destroy(error, done) {
      abort.abort(error ?? new Error(`${name}: stopped`));
      void Promise.allSettled(queue).then(() => { done(error); }); // prettier-ignore
    },
  });
  return Object.assign(stream, { counters });
}

/** Not `once` of node:events, which ends at an error, and that comes first. */
const closed = (stream: Readable | Writable): Promise<void> =>
  new Promise((resolve) => {
    if (stream.closed) resolve();
    else stream.once('close', resolve);
  });

/**
 * Node's `pipeline` that settles once every stream is closed, that is, once all work in hand has
 * ended: by itself it may reject while the work of a stage in the middle is still going on.
 */
export async function runPipeline(
  streams: readonly [Readable, ...Duplex[], Writable],
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  try {
    await pipeline(streams, options.signal === undefined ? {} : { signal: options.signal });
  } finally {
    await Promise.all(streams.map(closed));
  }
}
