import { quoted } from './text.js';

/** A line, row or item of a list that is wrong; the rest of the list may be right. */
export class LineError extends Error {
  override readonly name = 'LineError';

  /**
   * @param place where it stands
   * @param got what it says
   * @param why what is wrong with that, or would be right
   */
  constructor(
    readonly place: string,
    readonly got: string,
    readonly why: string,
  ) {
    super(`${place}: got ${quoted(got)}: ${why}`);
  }
}

/** What becomes of the lines of a list that are wrong. */
export class WrongLines {
  private first: LineError | null = null;
  private count = 0;
  private right = 0;

  /** @param told is told of each, which is then passed over; without it the first one ends the walk */
  constructor(private readonly told?: (line: LineError) => void) {}

  /** @returns what `work` gives; undefined where that is a line which is wrong */
  read<T>(work: () => T): T | undefined {
    try {
      const result = work();
      this.right++;
      return result;
    } catch (error) {
      if (!(error instanceof LineError) || this.told === undefined) throw error;
      this.first ??= error;
      this.count++;
      this.told(error);
      return undefined;
    }
  }

  /** Comes after the last line. @throws Error when none of them was right */
  end(): void {
    if (this.right > 0 || this.first === null) return;
    throw new Error(
      `none of the ${this.count.toLocaleString('en')} lines is right; the first: ${this.first.message}`,
      { cause: this.first },
    );
  }
}
