/**
 * Takes some of the items of a list of unknown length, spread evenly over it; memory does not grow
 * with the list.
 */
export class Spread<T> {
  private kept: T[] = [];
  private step = 1;
  private seen = 0;

  /** @param count how many are wanted, at least 1 */
  constructor(private readonly count: number) {}

  add(item: T): void {
    if (this.seen++ % this.step !== 0) return;
    this.kept.push(item);
    if (this.kept.length < 2 * this.count) return;
    this.kept = this.kept.filter((_, i) => i % 2 === 0);
    this.step *= 2;
  }

  /** At most `count` of the items, in their order; all of them when there are no more. */
  items(): T[] {
    const { length } = this.kept;
    if (length <= this.count) return [...this.kept];
    // In the middle of equal parts, so that neither end is preferred.
    return Array.from({ length: this.count }, (_, i) => {
      const at = Math.floor(((i + 0.5) * length) / this.count);
      return this.kept[at] as T;
    });
  }
}
