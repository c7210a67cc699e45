/** One answer of the inspector, before it becomes HTTP or part of a file. */
export interface Answer {
  readonly type: string;
  readonly body: Buffer | string;
  /** The address names exactly these bytes: a browser need not ask again. */
  readonly fixed?: boolean;
}

export const json = (value: unknown): Answer => ({
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(value),
});

export const picture = (format: string, body: Buffer, fixed = true): Answer => ({
  type: `image/${format}`,
  body,
  fixed,
});
