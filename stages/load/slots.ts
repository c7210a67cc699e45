/** Turns are counted modulo this; clips of a batch must be fewer than 2¹⁶. */
const TURNS = 2 ** 15;
export const MAX_CLIPS = 2 ** 16 - 1;

/**
 * Who fills which clip of a batch, and when all are filled: two words a slot in shared memory. The
 * first holds the turn and the next clip that nobody took, so that a thread that comes late, when the
 * slot is in use again, takes none.
 */
export class SlotClaims {
  private readonly words: Int32Array;

  static bytes(slots: number): number {
    return slots * 8;
  }

  constructor(control: SharedArrayBuffer) {
    this.words = new Int32Array(control);
  }

  /** Begins a new use of a slot, in which nobody may be at work any more. */
  reset(slot: number, turn: number): void {
    Atomics.store(this.words, 2 * slot + 1, 0);
    Atomics.store(this.words, 2 * slot, (turn % TURNS) << 16);
  }

  /** @returns a clip that nobody else takes, or undefined when all are taken, or the turn is over */
  take(slot: number, turn: number, clips: number): number | undefined {
    for (;;) {
      const word = Atomics.load(this.words, 2 * slot);
      const clip = word & 0xffff;
      if (word >> 16 !== turn % TURNS || clip >= clips) return undefined;
      if (Atomics.compareExchange(this.words, 2 * slot, word, word + 1) === word) return clip;
    }
  }

  /** Counts a clip as filled. @returns how many are */
  done(slot: number): number {
    return Atomics.add(this.words, 2 * slot + 1, 1) + 1;
  }
}
