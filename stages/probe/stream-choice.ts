import { z } from 'zod';
import { noSuchStream } from '../causes.js';

const streamNumber = z.coerce.number().int().min(0).max(999).nullable().default(null);

export const streamOptions = z.strictObject({
  /** Which picture stream to take, counted from 0 among them; null: ffmpeg's best, that of most pixels. */
  videoStream: streamNumber,
  /** Which sound stream to take, counted from 0 among them; null: ffmpeg's best, that of most channels. */
  audioStream: streamNumber,
});
export type StreamChoice = z.infer<typeof streamOptions>;

/** ffmpeg's name of the stream that was asked for, and what is wrong when it is not there. */
export interface ChosenStream {
  readonly name: string | null;
  readonly problem: string | null;
}

/** The codec, and the size of a picture or the rate and channels of a sound. */
function inShort(description: string): string {
  const [codec] = /^[^ ,]*/.exec(description) ?? [];
  const [, form = ''] = /, (\d+x\d+|\d+ Hz, [^,]+)/.exec(description) ?? [];
  return `${codec ?? ''} ${form}`.trim();
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
  const there = [...streams.values()].map((text, number) => `${number}: ${inShort(text)}`);
  return {
    name: null,
    problem: noSuchStream(kind, wanted, there),
  };
}
