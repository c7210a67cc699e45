/** Why libav does not take a file or a clip. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  /** @param suspect libav failed at it: who knows in what state it is now */
  constructor(
    reason: string,
    readonly suspect = false,
  ) {
    super(reason);
  }
}

/** @param result of a function of libav, negative where it failed */
export function checked(result: number, what: string): number {
  if (result < 0) throw new Refusal(`${what} fails (${result})`, true);
  return result;
}
