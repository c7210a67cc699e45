/** Codes of errors, by absl's names for them. */
const CODES = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND'],
  ...['ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION'],
  ...['ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'],
  'UNAUTHENTICATED',
] as const;

export type XlaErrorCode = (typeof CODES)[number];

export const codeOf = (code: number): XlaErrorCode => CODES[code] ?? 'UNKNOWN';

/** What helps, where that is known. */
const ADVICE: Readonly<Partial<Record<XlaErrorCode, string>>> = {
  RESOURCE_EXHAUSTED: 'the memory of the device is full: take a smaller --batch-size, or end what else runs on it',
  UNIMPLEMENTED: 'the plugin cannot do this: take a newer one, or another backend',
}; // prettier-ignore

/** Something that XLA, or the plugin that brings it, has refused. */
export class XlaError extends Error {
  override readonly name = 'XlaError';

  constructor(
    message: string,
    readonly code: XlaErrorCode = 'UNKNOWN',
  ) {
    super(message);
  }

  /** @param doing what was being done, as in "while …" @param said the plugin's own words */
  static of(doing: string, code: XlaErrorCode, said: string): XlaError {
    const [first = ''] = said.split('\n').filter((line) => line.trim() !== '');
    const advice = ADVICE[code];
    return new XlaError(`XLA failed while ${doing}: ${first.trim() || code}${advice === undefined ? '' : `; ${advice}`}`, code); // prettier-ignore
  }
}
