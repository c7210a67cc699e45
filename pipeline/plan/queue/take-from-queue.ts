import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { Job, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Plan } from '../plan-file.js';
import { doneParts } from '../progress-files.js';
import { withoutPasswords } from './queue-address.js';
import { connectionOf, loadPackages, probe, redisWords } from './redis.js';

/** Told by a queue, beside what its parts tell. */
export type QueueEvent =
  | { readonly event: 'queue'; readonly queue: string; readonly notes: readonly string[] }
  | { readonly event: 'queue-lost'; readonly queue: string; readonly cause: string }
  | { readonly event: 'queue-back'; readonly queue: string };

/** Whom a queue gives its parts to. */
export interface QueueRequest {
  readonly url: string;
  readonly plan: Plan;
  /** Seconds after which a worker that says nothing is taken for dead. */
  readonly patience: number;
  readonly signal: AbortSignal;
  readonly onEvent: (event: QueueEvent) => void;
  /** @param signal ends it early @returns false when it was */
  readonly work: (part: number, left: number, signal: AbortSignal) => Promise<boolean>;
}

/** Between two looks at what is done. */
const LOOK_MS = 1_000;
/** What a server may take to answer when this worker leaves. */
const LEAVE_MS = 5_000;
/** A part is given again as often as it takes: what is wrong with it ends the workers, not the part. */
const AGAIN = 1_000_000;
const JOB = { attempts: AGAIN, removeOnComplete: true, removeOnFail: true };

interface PartJob {
  readonly part: number;
}

class QueueWorker {
  private failure: Error | undefined;
  private busy = false;
  private lost = false;
  private readonly end = new AbortController();

  constructor(
    private readonly request: QueueRequest,
    private readonly queue: Queue<PartJob>,
    private readonly redis: Redis,
  ) {}

  /** What a worker does with a part; it may be one that another has made meanwhile. */
  async take({ data }: Job<PartJob>, cancelled: AbortSignal | undefined): Promise<void> {
    const { plan, signal, work } = this.request;
    const stop = AbortSignal.any([this.end.signal, signal, ...(cancelled ? [cancelled] : [])]);
    this.busy = true;
    try {
      const done = await doneParts(plan);
      if (done.has(data.part)) return;
      if (await work(data.part, plan.digests.length - done.size, stop)) return;
    } catch (error) {
      // Its lock is lost, or this worker is to end: no fault of the part.
      if (stop.aborted && (error as Error).name === 'AbortError') throw error;
      this.failure = error as Error;
      this.end.abort();
      throw error;
    } finally {
      this.busy = false;
    }
    // Given back: another goes on with it.
    throw new Error('stopped');
  }

  /** Whatever is not done and not in the queue: each worker does it, and a part is in the queue once. */
  private async fill(): Promise<void> {
    const { plan } = this.request;
    const counts = await this.queue.getJobCounts('wait', 'active', 'delayed');
    if (Object.values(counts).some((count) => count > 0)) return;
    const done = await doneParts(plan);
    const left = [...plan.digests.keys()].filter((part) => !done.has(part));
    await this.queue.addBulk(left.map((part) => ({ name: 'part', data: { part }, opts: { ...JOB, jobId: `part-${part}` } }))); // prettier-ignore
  }

  private async isDone(): Promise<boolean> {
    return (await doneParts(this.request.plan)).size === this.request.plan.digests.length;
  }

  /** Says once that the connection is lost, and once that it is back. */
  watch(): void {
    const { url, onEvent } = this.request;
    const queue = withoutPasswords(url);
    this.redis.on('error', (error) => {
      if (this.lost || this.end.signal.aborted || this.redis.status === 'ready') return;
      this.lost = true;
      onEvent({ event: 'queue-lost', queue, cause: redisWords(url, error) });
    });
    this.redis.on('ready', () => {
      if (!this.lost) return;
      this.lost = false;
      onEvent({ event: 'queue-back', queue });
    });
  }

  /** Until every part is done, whoever did it; or until it is stopped. */
  async run(worker: Worker<PartJob>): Promise<void> {
    const stop = AbortSignal.any([this.end.signal, this.request.signal]);
    const stopped = stop.aborted ? Promise.resolve() : once(stop, 'abort');
    // A part whose lock is lost has been given to another by now.
    worker.on('lockRenewalFailed', (ids: string[]) => {
      for (const id of ids) worker.cancelJob(id);
    });
    while (!stop.aborted && (this.busy || !(await this.isDone()))) {
      if (!this.busy && !this.lost)
        await Promise.race([this.fill().catch(() => undefined), stopped, setTimeout(LEAVE_MS)]);
      await Promise.race([setTimeout(LOOK_MS), stopped]);
    }
    this.end.abort();
    await this.leave(worker);
    if (this.failure !== undefined) throw this.failure;
  }

  private async leave(worker: Worker<PartJob>): Promise<void> {
    while (this.busy) await setTimeout(50);
    const last = !this.lost && (await this.isDone());
    const ending = async () => {
      await worker.close(this.lost);
      // Nothing of a plan that is done is left in Redis.
      if (last) await this.queue.obliterate({ force: true });
    };
    await Promise.race([ending().catch(() => undefined), setTimeout(LEAVE_MS)]);
    this.redis.disconnect();
    if (!last) await Promise.race([worker.disconnect().catch(() => undefined), setTimeout(LEAVE_MS)]); // prettier-ignore
  }
}

/**
 * Gives a worker parts from a queue in Redis, which the workers fill themselves: at least once, and
 * again when a worker dies or is not heard of for `patience` seconds.
 * @throws QueueError when the queue cannot be used; what `work` throws
 */
export async function takeFromQueue(request: QueueRequest): Promise<void> {
  const { url, plan, patience, onEvent } = request;
  const packages = await loadPackages();
  const notes = await probe(packages, url);
  onEvent({ event: 'queue', queue: withoutPasswords(url), notes });
  // A plan that is made again has other lists, and so a queue of its own.
  const name = plan.lists.replace('lists', 'avme');
  const lock = patience * 1000;
  const { url: address, ...options } = connectionOf(url);
  const redis = new packages.Redis(address, options);
  const queue = new packages.bullmq.Queue<PartJob>(name, { connection: redis, skipVersionCheck: true }); // prettier-ignore
  const parts = new QueueWorker(request, queue, redis);
  // Nothing but a part's failure ends a worker: see `watch`.
  queue.on('error', () => undefined);
  parts.watch();
  const worker = new packages.bullmq.Worker<PartJob>(
    name,
    (job, _token, signal) => parts.take(job, signal),
    { connection: connectionOf(url), skipVersionCheck: true, lockDuration: lock, stalledInterval: Math.max(500, lock / 2), maxStalledCount: AGAIN, runRetryDelay: LOOK_MS, drainDelay: 1 }, // prettier-ignore
  );
  worker.on('error', () => undefined);
  await parts.run(worker);
}
