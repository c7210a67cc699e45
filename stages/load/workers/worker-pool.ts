import { Worker } from 'node:worker_threads';
import type { BatchTask, Order, RefillTask, Report, ThreadData } from './messages.js';

export interface WorkerPoolEvents {
  readonly onReport: (report: Report) => void;
  /** A thread threw, or ended without being told to; nothing more is to be expected of the pool. */
  readonly onFailure: (error: Error) => void;
}

/** The threads of a loader. */
export class WorkerPool {
  private readonly threads: readonly Worker[];
  private closing = false;
  private next = 0;

  constructor(count: number, data: ThreadData, { onReport, onFailure }: WorkerPoolEvents) {
    this.threads = Array.from({ length: count }, (_, number) => {
      const thread = new Worker(new URL('./thread.js', import.meta.url), {
        workerData: data,
        // What Node was started with, such as --input-type, is not for a file of ours.
        execArgv: [],
        name: `avme loader ${number}`,
      });
      return thread
        .on('message', onReport)
        .on('error', onFailure)
        .on('exit', (code) => {
          if (!this.closing)
            onFailure(new Error(`a thread of the loader ended by itself with code ${code}`));
        });
    });
  }

  /** All threads take clips of the batch until there are none left. */
  fill(batch: BatchTask): void {
    for (const thread of this.threads) this.send(thread, { kind: 'fill', batch });
  }

  refill(refill: RefillTask): void {
    const thread = this.threads[this.next++ % this.threads.length];
    if (thread !== undefined) this.send(thread, { kind: 'refill', refill });
  }

  /** Resolves once all threads have ended; each finishes the batch that it is at. */
  async close(): Promise<void> {
    this.closing = true;
    await Promise.all(
      this.threads.map(async (thread) => {
        if (thread.threadId === -1) return;
        const ended = new Promise((resolve) => thread.once('exit', resolve));
        this.send(thread, { kind: 'close' });
        await ended;
      }),
    );
  }

  private send(thread: Worker, order: Order): void {
    thread.postMessage(order);
  }
}
