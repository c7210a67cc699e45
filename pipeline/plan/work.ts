import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { part as shardOption } from '../../stages/source/select.js';
import { jsonlSource } from '../../stages/source/lists/jsonl.js';
import { preprocess } from '../preprocess/preprocess.js';
import { preprocessOptions } from '../preprocess/options.js';
import type { PreprocessEvent, PreprocessSummary } from '../preprocess/tally.js';
import { mustYield, nextPart, type PartChoice } from './next-part.js';
import { listPath, readPlan, type Plan } from './plan-file.js';
import { queueOption } from './queue/queue-address.js';
import { takeFromQueue, type QueueEvent } from './queue/take-from-queue.js';
import { doneParts, Heartbeat, noteDone, seeWorkers } from './progress-files.js';

const { jobs, scratch, maxFailures, retryFailed } = preprocessOptions.shape;

/** What each worker decides for itself. */
export const workOptions = z
  .strictObject({
    /** Only parts p with p mod n = i, without regard to other workers; null: whatever is left. */
    shard: shardOption.nullable().default(null),
    ...{ jobs, scratch, maxFailures, retryFailed },
    /** Folder in which the videos are on this machine; null: where they were for the plan. */
    videos: z.string().min(1, 'must be a folder').nullable().default(null),
    /** Seconds after which a worker that says nothing is taken for dead. */
    patience: z.coerce.number().min(1).default(180),
    /** Redis that gives the parts out; null: workers avoid each other by files in the cache's folder. */
    queue: queueOption.nullable().default(null),
  })
  .refine(({ queue, shard }) => queue === null || shard === null, {
    path: ['queue'],
    message: 'a queue gives parts to whoever is free, --shard to one worker; give one of the two',
  });
export type WorkInput = z.input<typeof workOptions>;
type WorkOptions = z.output<typeof workOptions>;

/** Told while parts are worked on, beside what preprocessing each of them tells. */
export type WorkEvent =
  | { readonly event: 'part'; readonly part: number; readonly parts: number; readonly left: number }
  | { readonly event: 'wait'; readonly left: number }
  | ({ readonly event: 'part-done'; readonly part: number } & PreprocessSummary)
  | QueueEvent
  | PreprocessEvent;

/** Where a worker works, and how. */
export interface WorkRequest {
  /** Folder of the cache, in which {@link makePlan} has made a plan. */
  readonly cache: string;
  readonly options?: WorkInput;
  readonly onEvent?: (event: WorkEvent) => void;
  /** Ends it early: the part at hand is sealed as it is, for another worker to go on with. */
  readonly signal?: AbortSignal;
}

/** What one worker has done. */
export interface WorkSummary {
  /** Parts that this worker has worked through. */
  readonly parts: number;
  readonly videos: number;
  readonly clips: number;
  readonly quarantined: number;
  readonly seconds: number;
  readonly interrupted: boolean;
}

/** Milliseconds between two words of a worker, and between two looks at the others while it waits. */
const BEAT_MS = 5_000;
const LOOK_MS = 1_000;

class PlanWorker {
  private readonly heartbeat: Heartbeat;
  private readonly start = performance.now();
  private readonly totals = { parts: 0, videos: 0, clips: 0, quarantined: 0 };

  constructor(
    private readonly plan: Plan,
    private readonly options: WorkOptions,
    private readonly request: WorkRequest,
  ) {
    this.heartbeat = new Heartbeat(plan.cache, Math.min(BEAT_MS, options.patience * 250));
  }

  async run(): Promise<WorkSummary> {
    const { signal } = this.request;
    try {
      await this.say(null);
      if (this.options.queue !== null) await this.takeFromQueue(this.options.queue);
      else await this.takeByFiles();
    } catch (error) {
      // Left behind for `avme status`, until another plan or person removes it.
      await this.say(null, (error as Error).message).catch(() => undefined);
      throw error;
    }
    await this.heartbeat.end();
    const interrupted = signal?.aborted === true;
    return { ...this.totals, seconds: this.seconds(), interrupted };
  }

  private async takeByFiles(): Promise<void> {
    const { signal } = this.request;
    while (signal?.aborted !== true) {
      const part = await this.choose();
      if (part === null) break;
      if (part === 'wait') await setTimeout(LOOK_MS, undefined, { signal }).catch(() => undefined);
      else if (!(await this.workOn(part, signal))) break;
    }
  }

  private async takeFromQueue(url: string): Promise<void> {
    const { plan, options, request } = this;
    const { signal = new AbortController().signal, onEvent } = request;
    const { patience } = options;
    const work = async (part: number, left: number, stop: AbortSignal) => {
      await this.say(part);
      onEvent?.({ event: 'part', part, parts: plan.digests.length, left });
      const whole = await this.workOn(part, stop);
      await this.say(null);
      return whole;
    };
    await takeFromQueue({ url, plan, patience, signal, work, onEvent: (event) => onEvent?.(event) }); // prettier-ignore
  }

  private seconds(): number {
    return (performance.now() - this.start) / 1000;
  }

  private state(part: number | null, failure: string | null = null) {
    const { parts, clips } = this.totals;
    const nothing = { done: 0, total: 0, written: 0, quarantined: 0 };
    return { part, ...nothing, seconds: this.seconds(), clips, parts, failure };
  }

  private say(part: number | null, failure: string | null = null): Promise<void> {
    return this.heartbeat.say(this.state(part, failure));
  }

  private async choice(): Promise<PartChoice> {
    const { plan, heartbeat, options } = this;
    return {
      count: plan.digests.length,
      done: await doneParts(plan),
      share: options.shard,
      worker: heartbeat.worker,
      workers: await seeWorkers(plan.cache, heartbeat),
      patience: options.patience,
    };
  }

  /** Claims a part by saying so; of those who do so at once, all but one choose again. */
  private async choose(): Promise<number | 'wait' | null> {
    await this.say(null);
    const choice = await this.choice();
    const left = choice.count - choice.done.size;
    const part = nextPart(choice);
    if (part === 'wait') this.request.onEvent?.({ event: 'wait', left });
    if (part === null || part === 'wait') return part;
    await this.say(part);
    if (this.options.shard === null && mustYield(part, await this.choice())) return this.choose();
    this.request.onEvent?.({ event: 'part', part, parts: choice.count, left });
    return part;
  }

  /** @returns false when it was stopped */
  private async workOn(part: number, signal: AbortSignal | undefined): Promise<boolean> {
    const { plan, heartbeat, options, request } = this;
    const { jobs, scratch, maxFailures, retryFailed } = options;
    const beat = setInterval(() => { heartbeat.sayAtTimes(state); }, 1000); // prettier-ignore
    let state = this.state(part);
    try {
      const summary = await preprocess({
        source: jsonlSource(listPath(plan, part), options.videos ?? plan.root),
        cache: plan.cache,
        part: { index: part, count: plan.digests.length },
        options: { ...plan.options, split: null, filter: null, limit: null, jobs, scratch, maxFailures, retryFailed }, // prettier-ignore
        onEvent: (event) => {
          request.onEvent?.(event);
          if (event.event !== 'progress') return;
          const { done, total, written, quarantined } = event;
          state = { ...this.state(part), done, total, written, quarantined };
          state.clips += written;
        },
        ...(signal !== undefined && { signal }),
      });
      if (summary.interrupted) return false;
      await this.finish(part, summary);
      return true;
    } finally {
      clearInterval(beat);
    }
  }

  private async finish(part: number, summary: PreprocessSummary): Promise<void> {
    const { videos, clips, written, quarantined, seconds } = summary;
    const { worker } = this.heartbeat;
    this.totals.parts++;
    this.totals.videos += videos;
    this.totals.clips += written;
    this.totals.quarantined += quarantined;
    await noteDone(this.plan, { part, videos, clips, quarantined, seconds, worker, time: new Date().toISOString() }); // prettier-ignore
    this.request.onEvent?.({ event: 'part-done', part, ...summary });
  }
}

/**
 * Preprocesses parts of a plan until none is left. Any number of workers may do so at once, on any
 * machines that share the cache's folder; one that dies holds nobody up for longer than `patience`.
 * @throws CacheError when there is no plan, or the cache cannot be written
 */
export async function work(request: WorkRequest): Promise<WorkSummary> {
  const options = workOptions.parse(request.options ?? {});
  return new PlanWorker(await readPlan(request.cache), options, request).run();
}
