import { setImmediate } from 'node:timers/promises';

/** Does pieces of work on this thread, one between any two other things that it has to do. */
export class LocalWork {
  private readonly queue: (() => Promise<void> | undefined)[] = [];
  private working = false;
  private stopped = false;

  /** @param piece must not throw */
  add(piece: () => Promise<void> | undefined): void {
    this.queue.push(piece);
    if (!this.working) void this.work();
  }

  stop(): void {
    this.stopped = true;
  }

  private async work(): Promise<void> {
    this.working = true;
    for (;;) {
      await setImmediate();
      const piece = this.stopped ? undefined : this.queue.shift();
      if (piece === undefined) break;
      await piece();
    }
    this.working = false;
  }
}
