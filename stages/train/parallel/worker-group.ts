import * as tf from '@tensorflow/tfjs-core';
import type { Seed } from '../../../engine/ops/dropout.js';

/** What the threads of a group share: plain memory, so that a thread gets it by a message. */
export interface GroupMemory {
  readonly threads: number;
  /** int32: threads that have arrived, barriers that were passed, 1 once the group has ended. */
  readonly control: SharedArrayBuffer;
  /** float64 `[2, threads, SMALL]`: sums of a few values, by turns in one half and the other. */
  readonly small: SharedArrayBuffer;
  /** float32 `[threads, parameters]` */
  readonly gradients: SharedArrayBuffer;
}

/** Values that {@link WorkerGroup.sum} adds at once, at most: channels of a batch norm. */
const SMALL = 4096;

/** @param parameters values of all gradients of one thread together */
export function groupMemory(threads: number, parameters: number): GroupMemory {
  return {
    threads,
    control: new SharedArrayBuffer(3 * 4),
    small: new SharedArrayBuffer(2 * threads * SMALL * 8),
    gradients: new SharedArrayBuffer(threads * parameters * 4),
  };
}

const [ARRIVED, PASSED, ENDED] = [0, 1, 2] as const;

/** Wakes all threads that wait for others: each of them throws a {@link GroupEndedError}. */
export function endGroup({ control }: GroupMemory): void {
  const flags = new Int32Array(control);
  Atomics.store(flags, ENDED, 1);
  Atomics.notify(flags, PASSED);
}

/** Another thread of the group failed; its own error says why. */
export class GroupEndedError extends Error {
  constructor() {
    super('another thread of the group has ended');
  }
}

/** Rounds of waiting without sleep: a barrier is mostly a matter of microseconds. */
const SPINS = 2000;
/** Longest sleep before the group's end is looked at again. */
const SLEEP_MS = 1000;

/** The clips of a whole batch that one thread works on. */
export interface BatchPart {
  readonly from: number;
  readonly clips: number;
  /** Clips of the whole batch. */
  readonly of: number;
}

/**
 * One thread's view of a group that trains together, each thread on its part of every batch. All
 * threads call the same methods in the same order; what comes back is the same on all, to the bit,
 * since sums are taken in the order of the threads.
 */
export class WorkerGroup {
  part: BatchPart = { from: 0, clips: 1, of: 1 };
  readonly #flags: Int32Array;
  readonly #small: Float64Array;
  readonly #gradients: Float32Array;
  #half = 0;

  /** @param rank which of the threads this is, from 0 */
  constructor(
    private readonly memory: GroupMemory,
    private readonly rank: number,
  ) {
    this.#flags = new Int32Array(memory.control);
    this.#small = new Float64Array(memory.small);
    this.#gradients = new Float32Array(memory.gradients);
  }

  /** What this thread's mean counts in that of the whole batch. */
  get weight(): number {
    return this.part.clips / this.part.of;
  }

  /** Waits until all threads are here. @throws GroupEndedError */
  barrier(): void {
    const flags = this.#flags;
    const passed = Atomics.load(flags, PASSED);
    if (Atomics.add(flags, ARRIVED, 1) === this.memory.threads - 1) {
      Atomics.store(flags, ARRIVED, 0);
      Atomics.add(flags, PASSED, 1);
      Atomics.notify(flags, PASSED);
    } else {
      for (let i = 0; i < SPINS && Atomics.load(flags, PASSED) === passed; i++);
      while (Atomics.load(flags, PASSED) === passed && Atomics.load(flags, ENDED) === 0)
        Atomics.wait(flags, PASSED, passed, SLEEP_MS);
    }
    if (Atomics.load(flags, ENDED) !== 0) throw new GroupEndedError();
  }

  /** The sums over all threads of a few values, in float64. */
  sum(values: ArrayLike<number>): Float64Array {
    if (values.length > SMALL)
      throw new RangeError(`worker group: ${values.length} values at once; at most ${SMALL}`);
    // Whoever is at the next sum but one has passed the next barrier: this half was read by all.
    this.#half = 1 - this.#half;
    const { threads } = this.memory;
    const rowOf = (rank: number) => (this.#half * threads + rank) * SMALL;
    this.#small.set(values, rowOf(this.rank));
    this.barrier();
    const sums = new Float64Array(values.length);
    for (let rank = 0; rank < threads; rank++)
      for (let i = 0; i < values.length; i++)
        sums[i] = (sums[i] as number) + (this.#small[rowOf(rank) + i] as number);
    return sums;
  }

  /** The same of a tensor; no gradient passes through. */
  readonly sumTensor = (x: tf.Tensor): tf.Tensor =>
    tf.tensor(Float32Array.from(this.sum(x.dataSync())), x.shape);

  /**
   * The sums over all threads of gradients; those that are given are disposed of. Each thread adds
   * up an equal stretch of all values.
   */
  sumGradients(grads: readonly tf.Tensor[]): tf.Tensor[] {
    const { threads } = this.memory;
    const count = this.#gradients.length / threads;
    const mine = this.#gradients.subarray(this.rank * count, (this.rank + 1) * count);
    let at = 0;
    for (const grad of grads) {
      mine.set(grad.dataSync(), at);
      at += grad.size;
    }
    this.barrier();
    const to = Math.ceil((count * (this.rank + 1)) / threads);
    for (let i = Math.ceil((count * this.rank) / threads); i < to; i++) {
      let sum = 0;
      for (let rank = 0; rank < threads; rank++) sum += this.#gradients[rank * count + i] as number;
      this.#gradients[i] = sum;
    }
    this.barrier();
    at = 0;
    const sums = grads.map((grad) => {
      const values = this.#gradients.slice(at, (at += grad.size));
      return tf.tensor(values, grad.shape);
    });
    // The first thread's stretch holds the sums: nobody writes before everybody has read.
    this.barrier();
    tf.dispose([...grads]);
    return sums;
  }

  /** Seeds that yield, of what is drawn for the whole batch, the part of this thread's clips. */
  seeds(next: () => Seed): () => Seed {
    return () => {
      const seed = next();
      const isWhole = typeof seed === 'string' || seed instanceof tf.Tensor;
      return isWhole ? { seed, ...this.part } : seed;
    };
  }
}
