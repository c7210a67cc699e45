import { batchArrays, batchBytes, type BatchArrays, type BatchSize } from '../batch/batch.js';
import { LeasedBatch } from './leased-batch.js';
import type { PlannedClip } from './plan.js';
import { SlotClaims } from './slots.js';

const PAGE = 65_536;

/** A batch that is being filled. */
export interface Filling {
  readonly slot: number;
  readonly turn: number;
  readonly position: number;
  readonly clips: PlannedClip[];
  readonly ready: Promise<void>;
}

interface Settle {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Batches in shared memory. A slot is free, being filled, or leased; it is filled again only after
 * everybody who wrote into it is done and who borrowed it has released it.
 */
export class Ring {
  readonly claims: SlotClaims;
  readonly control: SharedArrayBuffer;
  readonly memory: readonly SharedArrayBuffer[];
  private readonly arrays: readonly BatchArrays[];
  private readonly free: number[];
  private readonly fillings = new Map<number, Filling & Settle>();
  private turn = 0;

  constructor(
    slots: number,
    private readonly size: BatchSize,
  ) {
    this.control = new SharedArrayBuffer(SlotClaims.bytes(slots));
    this.claims = new SlotClaims(this.control);
    const pages = Math.ceil(batchBytes(size) / PAGE);
    // WebAssembly's memory begins at a page: native TensorFlow takes it as it is, without a copy.
    this.memory = Array.from(
      { length: slots },
      () =>
        new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
          .buffer as SharedArrayBuffer,
    );
    this.arrays = this.memory.map((buffer) => batchArrays(size, buffer));
    this.free = Array.from({ length: slots }, (_, slot) => slot).reverse();
  }

  get hasFree(): boolean {
    return this.free.length > 0;
  }

  /** Takes a free slot. @throws Error when there is none */
  begin(position: number, clips: PlannedClip[]): Filling {
    const slot = this.free.pop();
    if (slot === undefined) throw new Error('loader: no slot is free');
    const turn = ++this.turn;
    this.claims.reset(slot, turn);
    let settle: Settle | undefined;
    const ready = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
    // Whoever waits for it sees it; nobody may.
    void ready.catch(() => undefined);
    const filling = { slot, turn, position, clips, ready, ...(settle as unknown as Settle) };
    this.fillings.set(slot, filling);
    return filling;
  }

  /** @returns what is being filled in a slot, unless it is done, or of another turn */
  filling(slot: number, turn: number): Filling | undefined {
    const filling = this.fillings.get(slot);
    return filling?.turn === turn ? filling : undefined;
  }

  /** All clips of a slot are filled. */
  finish(slot: number): void {
    this.fillings.get(slot)?.resolve();
    this.fillings.delete(slot);
  }

  /** Nothing that is being filled will be. */
  fail(error: Error): void {
    for (const { reject } of this.fillings.values()) reject(error);
    this.fillings.clear();
  }

  /** Lends a batch that is ready. @param onRelease called once its slot is free again */
  lease({ slot, position, clips }: Filling, onRelease: () => void): LeasedBatch {
    const samples = clips.map(({ source, index, key, attempt }) => ({
      source,
      index,
      key,
      attempt,
    }));
    return new LeasedBatch(position, samples, this.size, this.arrays[slot] as BatchArrays, () => {
      this.release(slot);
      onRelease();
    });
  }

  /** Gives a slot back that nobody writes or reads. */
  release(slot: number): void {
    this.free.push(slot);
  }
}
