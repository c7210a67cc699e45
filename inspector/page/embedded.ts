/** What a self-contained file holds instead of a server. */
export interface Embedded {
  /** Answers by their addresses. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** Pictures as data addresses, by their addresses. */
  readonly pictures: Readonly<Record<string, string>>;
  /** When it was written, ISO 8601. */
  readonly written: string;
}
