/** What was found at an instant of a video. */
export interface Scored<T> {
  /** Seconds. */
  readonly time: number;
  readonly scores: Float32Array;
  readonly about: T;
}

/**
 * Averages scores over the neighbours in time of each: those at most half the width away, on either
 * side. It holds no more of them than lie within the width.
 */
export class MovingMean<T> {
  #held: Scored<T>[] = [];
  /** Of those that are held, the first whose mean is not known yet. */
  #next = 0;

  /** @param width seconds; 0: each stays as it is */
  constructor(private readonly width: number) {}

  /** @param scored no earlier than the one before @returns those whose neighbours are all known now */
  add(scored: Scored<T>): Scored<T>[] {
    this.#held.push(scored);
    return this.#take(scored.time);
  }

  /** The rest, where nothing follows. */
  end(): Scored<T>[] {
    const rest = this.#take(Infinity);
    this.#held = [];
    this.#next = 0;
    return rest;
  }

  /** @param seen nothing before this time is still to come */
  #take(seen: number): Scored<T>[] {
    const half = this.width / 2;
    const done: Scored<T>[] = [];
    for (let at = this.#held[this.#next]; at !== undefined; at = this.#held[this.#next]) {
      // Of width 0 nothing is waited for, not even another one at the same time.
      if (half > 0 && at.time + half >= seen) break;
      done.push({ ...at, scores: this.#meanAround(at) });
      this.#next++;
    }
    const time = this.#held[this.#next]?.time ?? seen;
    const gone = this.#held.findIndex((one) => one.time >= time - half);
    const drop = Math.min(this.#next, gone < 0 ? this.#held.length : gone);
    this.#held.splice(0, drop);
    this.#next -= drop;
    return done;
  }

  #meanAround(middle: Scored<T>): Float32Array {
    const half = this.width / 2;
    const near = half === 0 ? [middle] : this.#held.filter(({ time }) => Math.abs(time - middle.time) <= half); // prettier-ignore
    const sums = new Float64Array(middle.scores.length);
    for (const { scores } of near) scores.forEach((score, i) => (sums[i] = (sums[i] ?? 0) + score));
    return Float32Array.from(sums, (sum) => sum / near.length);
  }
}
