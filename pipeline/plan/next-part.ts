import { checksum } from '../../cache/codec/checksum.js';
import type { CachePart } from '../../cache/merge/parts.js';
import type { SeenWorker } from './progress-files.js';

/** What the choice of the next part depends on. */
export interface PartChoice {
  /** Parts of the plan. */
  readonly count: number;
  readonly done: ReadonlySet<number>;
  /** Parts p with p mod count = index; null: any. */
  readonly share: CachePart | null;
  /** This worker. */
  readonly worker: string;
  readonly workers: readonly SeenWorker[];
  /** Seconds after which one that says nothing is taken for dead. */
  readonly patience: number;
}

/** Whether another worker that lives has a better claim to a part. */
function isClaimed(part: number, { worker, workers, patience }: PartChoice): boolean {
  return workers.some(
    (other) => other.worker !== worker && other.part === part && other.age < patience,
  );
}

/**
 * Which part a worker does next. Each begins somewhere else, so that they seldom meet.
 * @returns null: there is none for it; `wait`: others are at all that are left
 */
export function nextPart(choice: PartChoice): number | 'wait' | null {
  const { count, done, share, worker } = choice;
  const start = share === null ? Number(checksum(Buffer.from(worker)) % BigInt(count)) : 0;
  let waiting = false;
  for (let i = 0; i < count; i++) {
    const part = (start + i) % count;
    if (done.has(part) || (share !== null && part % share.count !== share.index)) continue;
    // Whoever was told which parts are its own does not look at others.
    if (share !== null || !isClaimed(part, choice)) return part;
    waiting = true;
  }
  return waiting ? 'wait' : null;
}

/** Of two that have chosen the same part at the same moment, the one of the smaller name keeps it. */
export function mustYield(part: number, { worker, workers, patience }: PartChoice): boolean {
  return workers.some(
    (other) => other.part === part && other.worker < worker && other.age < patience,
  );
}
