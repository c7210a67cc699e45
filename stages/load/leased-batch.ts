import type { BatchArrays, BatchSize, ClipBatch } from '../batch/batch.js';

/** A sample of a batch: which of the loader's sources it is from, and its index there. */
export interface BatchSample {
  readonly source: number;
  readonly index: number;
  readonly key: string;
  /** How many samples before this one could not be read at its place; mostly 0. */
  readonly attempt: number;
}

/**
 * A batch in shared memory that is leased until it is released; its arrays must not be used after
 * that, since the next batch is written into the same memory.
 */
export class LeasedBatch implements ClipBatch {
  #arrays: BatchArrays | undefined;
  #release: () => void;

  /** @internal a loader makes them */
  constructor(
    readonly position: number,
    readonly samples: readonly BatchSample[],
    size: BatchSize,
    slot: BatchArrays,
    release: () => void,
  ) {
    const clips = samples.length;
    // The last batch may have fewer clips than the slot has room for.
    this.#arrays = {
      video: slot.video.subarray(0, clips * size.pixels),
      visible: slot.visible.subarray(0, clips * size.visible),
      masked: slot.masked.subarray(0, clips * size.masked),
      mfcc: slot.mfcc.subarray(0, clips * size.cepstra),
      audioPresent: slot.audioPresent.subarray(0, clips),
      mel: slot.mel?.subarray(0, clips * size.mel),
    };
    this.#release = release;
  }

  get keys(): string[] {
    return this.samples.map(({ key }) => key);
  }
  /** Clips that stand in for others whose records are damaged. */
  get replaced(): number {
    return this.samples.filter(({ attempt }) => attempt > 0).length;
  }
  get video(): Uint8Array {
    return this.arrays.video;
  }
  get visible(): Int32Array {
    return this.arrays.visible;
  }
  get masked(): Int32Array {
    return this.arrays.masked;
  }
  get mfcc(): Float32Array {
    return this.arrays.mfcc;
  }
  get audioPresent(): Float32Array {
    return this.arrays.audioPresent;
  }
  get mel(): Float32Array | undefined {
    return this.arrays.mel;
  }

  /** Gives the memory back; again does nothing. */
  release(): void {
    if (this.#arrays === undefined) return;
    this.#arrays = undefined;
    this.#release();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  private get arrays(): BatchArrays {
    if (this.#arrays === undefined)
      throw new Error(
        `the batch at place ${this.position} was released; take what you need of it before`,
      );
    return this.#arrays;
  }
}
