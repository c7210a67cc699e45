import { CorruptRecordError } from '../../cache/codec/codec.js';
import { ClipFiller } from './workers/clip-filler.js';
import { ClipWriter } from './workers/clip-writer.js';
import { WorkerPool } from './workers/worker-pool.js';
import type { LeasedBatch } from './leased-batch.js';
import { LocalWork } from './workers/local-work.js';
import type { ClipTask, Report } from './workers/messages.js';
import { withAudioOf } from './other-audio.js';
import { completeOptions, type CompleteOptions, type LoaderOptions } from './options.js';
import { Plan, type BadRecord, type PlannedClip } from './plan.js';
import { Ring, type Filling } from './ring.js';
import { setupOf } from './workers/setup.js';

/** What a loader came across. */
export interface LoaderReport {
  /** Samples that could not be read. */
  readonly badRecords: readonly BadRecord[];
  /** Places at which another sample stood in for one of these. */
  readonly replaced: number;
}

/**
 * Loads batches of training samples. They are read, checked, masked, cropped and standardised by
 * threads, ahead of whoever takes them, straight into shared memory. What a batch holds is a pure
 * function of the options and of its place: how many threads there are does not matter.
 */
export class Loader {
  private readonly options: CompleteOptions;
  private readonly plan: Plan;
  private readonly ring: Ring;
  private readonly writer: ClipWriter;
  private readonly pool: WorkerPool | undefined;
  private readonly filler: ClipFiller;
  private readonly local = new LocalWork();
  private failure: Error | undefined;
  private iterating = false;
  private replaced = 0;
  private wake: () => void = () => undefined;
  private pump: () => void = () => undefined;

  /** @throws RangeError naming an option that is wrong */
  constructor(options: LoaderOptions) {
    this.options = completeOptions(options);
    const setup = setupOf(this.options);
    this.plan = new Plan(this.options);
    this.ring = new Ring(this.options.slots, setup.size);
    this.writer = new ClipWriter(setup, this.ring.memory);
    this.filler = new ClipFiller(setup, this.writer);
    const { workers, signal } = this.options;
    const data = { setup, control: this.ring.control, slots: this.ring.memory };
    if (workers > 0)
      this.pool = new WorkerPool(workers, data, {
        onReport: (report) => {
          this.hear(report);
        },
        onFailure: (error) => {
          this.fail(error);
        },
      });
    if (signal?.aborted === true) this.abort();
    signal?.addEventListener('abort', this.abort, { once: true });
  }

  /** Places of an epoch, over all ranks. */
  get epochLength(): number {
    return this.plan.epochLength;
  }

  report(): LoaderReport {
    return { badRecords: this.plan.badRecords, replaced: this.replaced };
  }

  /**
   * Batches from a place of the endless sequence on: with the options, this one number is all that
   * the rest depends on. Each is leased until it is released, and no more than `slots` can be out.
   * @param from place at which the first batches of all ranks begin
   * @param to place before which the last one ends, with fewer clips than others if need be; default never
   * @throws Error of a thread, of the disk, or naming a sample whose record is damaged
   */
  async *batches(from: number, to = Infinity): AsyncGenerator<LeasedBatch, void, undefined> {
    if (this.iterating)
      throw new Error('loader: its batches are being taken already; open another');
    this.iterating = true;
    const queue: Filling[] = [];
    let place = from;
    this.pump = () => {
      try {
        while (place < to && this.failure === undefined && this.ring.hasFree) {
          const filling = this.start(place, to);
          if (filling !== undefined) queue.push(filling);
          place += this.options.batch * this.options.world;
        }
      } catch (error) {
        this.fail(error as Error);
      }
      this.wake();
    };
    try {
      this.pump();
      for (;;) {
        if (this.failure !== undefined) throw this.failure;
        const [head] = queue;
        if (head !== undefined) {
          await head.ready;
          queue.shift();
          yield this.ring.lease(head, this.pump);
        } else if (place >= to) return;
        // All slots are leased.
        else await new Promise<void>((resolve) => (this.wake = resolve));
      }
    } finally {
      this.pump = () => undefined;
      await Promise.allSettled(queue.map(({ ready }) => ready));
      for (const { slot } of queue) this.ring.release(slot);
      this.iterating = false;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends all threads; batches that are still leased stay readable. */
  async close(): Promise<void> {
    this.options.signal?.removeEventListener('abort', this.abort);
    this.fail(new Error('the loader is closed'));
    this.filler.close();
    await this.pool?.close();
  }

  private readonly abort = (): void => {
    const reason: unknown = this.options.signal?.reason;
    this.fail(reason instanceof Error ? reason : new Error('the loader was aborted'));
    void this.pool?.close();
  };

  /** Hands a batch's clips out. @returns undefined when it has none for this rank */
  private start(place: number, to: number): Filling | undefined {
    const clips = this.plan.batch(place, to);
    if (clips.length === 0) return undefined;
    this.replaced += clips.filter(({ attempt }) => attempt > 0).length;
    const filling = this.ring.begin(place, clips);
    const tasks = clips.map((clip) => this.taskFor(clip));
    const { slot, turn } = filling;
    if (this.pool !== undefined && tasks.some((task) => task !== null))
      this.pool.fill({ slot, turn, clips: tasks });
    tasks.forEach((task, clip) => {
      if (this.pool === undefined || task === null) this.fillHere(filling, clip, task);
    });
    return filling;
  }

  /** @returns null while the shard is being written: only its reader knows what is in it */
  private taskFor({ source, index, key, epoch, audioFrom: heard }: PlannedClip): ClipTask | null {
    const reader = this.options.sources[source]?.reader;
    const place = reader?.recordPlace(index);
    if (reader === undefined || place === undefined) return null;
    if (heard === undefined) return { source, key, epoch, place };
    const other = reader.recordPlace(heard);
    if (other === undefined) return null;
    return { source, key, epoch, place, audioFrom: { key: reader.entry(heard).key, place: other } };
  }

  private hear(report: Report): void {
    const filling = this.ring.filling(report.slot, report.turn);
    if (filling === undefined) return;
    if (report.kind === 'ready') this.ring.finish(report.slot);
    else this.replace(filling, report.clip, report.message);
  }

  /** Another sample for one that cannot be read, or the end. */
  private replace(filling: Filling, clip: number, message: string): void {
    const planned = filling.clips[clip];
    if (planned === undefined) return;
    try {
      const { id, key } = this.plan.reject(planned, message);
      if (this.options.onBadRecord === 'stop') {
        const { reader } = this.options.sources[planned.source] ?? {};
        const path = reader?.recordPlace(planned.index)?.path ?? 'the cache';
        throw new CorruptRecordError(
          `sample ${planned.index} (${id}, key ${key}) in ${path}: ${message}; ` +
            'avme verify finds all such samples, --bad-records skip goes on without them',
        );
      }
      const next = this.plan.clip(planned.place, planned.attempt + 1);
      filling.clips[clip] = next;
      if (planned.attempt === 0) this.replaced++;
      const task = this.taskFor(next);
      const { slot, turn, clips } = filling;
      if (this.pool === undefined || task === null) this.fillHere(filling, clip, task);
      else this.pool.refill({ slot, turn, clip, clips: clips.length, task });
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private fillHere(filling: Filling, clip: number, task: ClipTask | null): void {
    this.local.add(async () => {
      try {
        await (task === null
          ? this.fillByReader(filling, clip)
          : this.filler.fill(task, filling.slot, clip));
        if (this.ring.claims.done(filling.slot) === filling.clips.length)
          this.ring.finish(filling.slot);
      } catch (error) {
        if (error instanceof CorruptRecordError) this.replace(filling, clip, error.message);
        else this.fail(error as Error);
      }
    });
  }

  private async fillByReader({ clips, slot }: Filling, clip: number): Promise<void> {
    const planned = clips[clip];
    const reader = this.options.sources[planned?.source ?? 0]?.reader;
    if (planned === undefined || reader === undefined) return;
    const own = await reader.read(planned.index);
    const sample = planned.audioFrom === undefined ? own : withAudioOf(own, await reader.read(planned.audioFrom)); // prettier-ignore
    this.writer.write(sample, planned, slot, clip);
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.ring.fail(this.failure);
    this.local.stop();
    this.wake();
  }
}
