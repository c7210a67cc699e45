/**
 * A record that a stage cannot work on: a bad file, not a bad program. Anything else that a stage
 * throws (a defect, a full disk) is no StageError and stops the run.
 */
export class StageError extends Error {
  override readonly name = 'StageError';
  /** What is wrong with the record, in plain words. */
  override readonly cause: string;

  /**
   * @param stage the stage that gave up, e.g. `index`
   * @param cause what is wrong with the record, in plain words
   * @param detail the tool's own words, one complaint a line; may be empty
   * @param exhausting it was given up for the time or memory it took: so would the rest of the video
   */
  constructor(
    readonly stage: string,
    cause: string,
    readonly detail = '',
    readonly exhausting = false,
  ) {
    super(`${stage}: ${cause}`);
    this.cause = cause;
  }
}
