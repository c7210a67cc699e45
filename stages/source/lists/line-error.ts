/** A line, row or item of a list that is wrong; the rest of the list may be right. */
export class LineError extends Error {
  override readonly name = 'LineError';

  /**
   * @param place where it stands
   * @param why what it says, and what would be right
   */
  constructor(
    readonly place: string,
    readonly why: string,
  ) {
    super(`${place}: ${why}`);
  }
}
