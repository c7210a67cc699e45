/**
 * Answers that were worked out once, up to so many bytes; the one that was not asked for the longest
 * goes first. Who asks for what is being worked out waits for the same answer.
 */
export class BoundedCache<T> {
  private readonly entries = new Map<string, { bytes: number; value: Promise<T> }>();
  private held = 0;

  /** @param limit bytes @param sizeOf a value's bytes */
  constructor(
    private readonly limit: number,
    private readonly sizeOf: (value: T) => number,
  ) {}

  /** Bytes held now. */
  get bytes(): number {
    return this.held;
  }

  /** The value of `key`, made if need be; a failure is not kept. */
  async get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.entries.get(key);
    if (known !== undefined) {
      this.entries.delete(key);
      this.entries.set(key, known);
      return known.value;
    }
    const entry = { bytes: 0, value: make() };
    this.entries.set(key, entry);
    try {
      const value = await entry.value;
      // It may have been cleared in the meantime.
      if (this.entries.get(key) === entry) {
        entry.bytes = this.sizeOf(value);
        this.held += entry.bytes;
        this.trim();
      }
      return value;
    } catch (error) {
      if (this.entries.get(key) === entry) this.entries.delete(key);
      throw error;
    }
  }

  clear(): void {
    this.entries.clear();
    this.held = 0;
  }

  private trim(): void {
    for (const [key, { bytes }] of this.entries) {
      if (this.held <= this.limit) return;
      // What is still being made has no size yet, and somebody waits for it.
      if (bytes === 0) continue;
      this.entries.delete(key);
      this.held -= bytes;
    }
  }
}
