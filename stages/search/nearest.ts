/** A vector of the collection, by its number, and its cosine with the query. */
export interface Neighbour {
  readonly index: number;
  /** In [-1, 1]. */
  readonly similarity: number;
}

/** The vector scaled to length 1; zeros stay. */
export function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** The mean direction of several vectors: of their unit vectors, scaled to length 1. */
export function meanDirection(vectors: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) unit(vector).forEach((value, i) => (sum[i] = (sum[i] ?? 0) + value)); // prettier-ignore
  return unit(sum);
}

/** Keeps the largest of the numbers that it is offered one after the other; of equals, the first. */
export class Largest {
  readonly #best: Neighbour[] = [];
  #seen = 0;

  /** @param count how many are kept @param skip places that are passed over */
  constructor(
    private readonly count: number,
    private readonly skip: ReadonlySet<number> = new Set(),
  ) {}

  offer(similarity: number): void {
    const index = this.#seen++;
    if (similarity <= this.#worst() || this.skip.has(index)) return;
    const after = this.#best.findIndex((other) => other.similarity < similarity);
    this.#best.splice(after === -1 ? this.#best.length : after, 0, { index, similarity });
    if (this.#best.length > this.count) this.#best.pop();
  }

  /** The largest first. */
  get result(): readonly Neighbour[] {
    return this.#best;
  }

  #worst(): number {
    return this.#best.length < this.count ? -Infinity : (this.#best.at(-1)?.similarity ?? Infinity);
  }
}

/** Keeps the vectors that are most like a query, of a collection that is given block by block; exact. */
export class NearestNeighbours {
  readonly #query: Float32Array;
  readonly #best: Largest;

  /** @param query `[width]` @param count how many are kept @param skip numbers that are passed over */
  constructor(query: Float32Array, count: number, skip?: ReadonlySet<number>) {
    this.#query = unit(query);
    this.#best = new Largest(count, skip);
  }

  /** @param block `[n, width]`, the vectors that follow those of before */
  add(block: Float32Array): void {
    const query = this.#query;
    const width = query.length;
    for (let at = 0; at < block.length; at += width) {
      let dot = 0;
      let square = 0;
      for (let i = 0; i < width; i++) {
        const value = block[at + i] as number;
        dot += value * (query[i] as number);
        square += value * value;
      }
      this.#best.offer(square === 0 ? 0 : dot / Math.sqrt(square));
    }
  }

  /** The most like first; of equals, the first. */
  get result(): readonly Neighbour[] {
    return this.#best.result;
  }
}
