import { z } from 'zod';
import { noSuchStream } from './causes.js';

const streamNumber = z.coerce.number().int().min(0).max(999).nullable().default(null);

export const streamOptions = z.strictObject({
  /** Which picture stream to take, counted from 0 among them; null: the best, which has most pixels. */
  videoStream: streamNumber,
  /** Which sound stream to take, counted from 0 among them; null: the best, which has most channels. */
  audioStream: streamNumber,
});
export type StreamChoice = z.infer<typeof streamOptions>;

/** ffmpeg's name of the stream that was asked for, and what is wrong when it is not there. */
export interface ChosenStream {
  readonly name: string | null;
  readonly problem: string | null;
}

/**
 * @param kind what the streams are, in words
 * @param streams ffmpeg's descriptions by its names, e.g. `0:1`, in their order
 * @param wanted number among them; null: left to ffmpeg
 */
export function chooseStream(
  kind: string,
  streams: ReadonlyMap<string, string>,
  wanted: number | null,
): ChosenStream {
  const name = wanted === null ? undefined : [...streams.keys()][wanted];
  if (wanted === null || name !== undefined) return { name: name ?? null, problem: null };
  const there = [...streams.values()].map((text, number) => `${number}: ${text.split(',')[0] ?? ''}${/, (\d+x\d+)/.exec(text)?.[0] ?? ''}`); // prettier-ignore
  return {
    name: null,
    problem: noSuchStream(kind, wanted, there),
  };
}
