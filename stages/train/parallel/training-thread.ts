import { Worker, type ResourceLimits } from 'node:worker_threads';
import type { Answer, Order, ThreadData, Work } from './messages.js';

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** A thread that trains, as the main thread sees it. Each order has one answer, in the same order. */
export class TrainingThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  readonly ready: Promise<unknown>;
  #error: Error | undefined;
  #closing = false;

  /** @param onFailure is told once that nothing more is to be expected of the thread */
  constructor(
    data: ThreadData,
    resourceLimits: ResourceLimits | undefined,
    private readonly onFailure: () => void,
  ) {
    this.#worker = new Worker(new URL('./thread.js', import.meta.url), {
      workerData: data,
      // What Node was started with, such as --input-type, is not for a file of ours.
      execArgv: [],
      name: `avme trainer ${data.rank}`,
      ...(resourceLimits && { resourceLimits }),
    });
    const name = `training thread ${data.rank + 1} of ${data.memory.threads}`;
    this.ready = this.#answer();
    this.#worker
      .on('message', (answer: Answer) => {
        if ('error' in answer) this.#fail(new Error(answer.error));
        else this.#waiting.shift()?.resolve(answer.result as never);
      })
      .on('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'ran out of memory' : `failed: ${error.message}`; // prettier-ignore
        this.#fail(new Error(`${name} ${why}; the same command goes on from the last checkpoint, --train-workers 1 needs less`)); // prettier-ignore
      })
      .on('exit', (code) => {
        this.#fail(new Error(`${name} ended by itself with code ${code}; the same command goes on from the last checkpoint`)); // prettier-ignore
      });
  }

  do<Name extends keyof Work>(order: Order & { work: Name }): Promise<Work[Name]['result']> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const answer = this.#answer<Work[Name]['result']>();
    this.#worker.postMessage(order);
    return answer;
  }

  /** Ends the thread, whatever it is at. */
  close(): void {
    this.#closing = true;
    void this.#worker.terminate();
  }

  #answer<Result = unknown>(): Promise<Result> {
    const answer = new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
    // Whoever waits for several threads hears of the first that failed only.
    answer.catch(() => undefined);
    return answer;
  }

  #fail(error: Error): void {
    if (this.#closing || this.#error !== undefined) return;
    this.#error = error;
    this.onFailure();
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
