import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ClipShape, SampleHeader } from '../../cache/records.js';
import type { FrameStack } from '../../cache/codec/frame-encoding.js';
import { bytesOf, floatsOf, type SampleParts } from './webdataset.js';

/** Frames a second of a clip that does not say when its frames were shown. */
const DEFAULT_RATE = 25;

/** What the JSON of a sample that avme did not write may say; anything else in it is left alone. */
const foreignHeader = z.looseObject({
  path: z.string().optional(),
  id: z.string().optional(),
  label: z.union([z.string(), z.number().transform(String)]).nullish(),
  split: z.string().nullish(),
  start: z.number().nullish(),
  end: z.number().nullish(),
  clip: z.number().int().min(0).default(0),
  /** Seconds of each frame. */
  times: z.array(z.number()).optional(),
  /** Frames of the clip a second, where there are no times. */
  fps: z.number().positive().default(DEFAULT_RATE),
  span: z.tuple([z.number(), z.number()]).optional(),
});

/** A sample that has everything but its key and what is drawn for it. */
export interface ForeignSample {
  readonly header: Omit<SampleHeader, 'key'>;
  readonly frames: Uint8Array;
  /** Null where the sample brings none: one is drawn. */
  readonly mask: Uint8Array | null;
  readonly mfcc: Float32Array;
}

/** Frames of a sample, uint8, and their size. */
export interface ForeignFrames extends FrameStack {
  readonly bytes: Uint8Array;
}

/** @throws Error when there are none, or they are not `[frames, height, width, 3]` of uint8 */
export function foreignFrames({ frames, names }: SampleParts): ForeignFrames {
  if (frames === undefined)
    throw new Error(
      `it has no frames, only ${names.join(', ')}; frames must be KEY.frames.npy, KEY.npy, or "frames" in KEY.npz`,
    );
  const [count = 0, height = 0, width = 0, channels = 0] = frames.shape;
  if (frames.shape.length !== 4 || channels !== 3 || frames.bytes.length === 0)
    throw new Error(
      `its frames have the shape ${frames.shape.join(' × ')}, not frames × height × width × 3`,
    );
  return { frames: count, height, width, bytes: bytesOf(frames, 'frames') };
}

function describeTimes(times: readonly number[] | undefined, fps: number, frames: number) {
  if (times !== undefined && times.length !== frames)
    throw new Error(`its JSON has ${times.length} times for ${frames} frames`);
  return times ?? Array.from({ length: frames }, (_, i) => i / fps);
}

/**
 * A sample of a WebDataset that avme did not write. What it does not say is filled in: no label, no
 * split, frames at 25 a second; without MFCC it is a clip without sound.
 * @param source path of its tar @param key its key there
 * @throws Error saying what of it cannot be used
 */
export function foreignSample(
  parts: SampleParts,
  shape: ClipShape,
  source: string,
  key: string,
): ForeignSample {
  const { frames: count, height, width, bytes: frames } = foreignFrames(parts);
  const parsed = foreignHeader.safeParse(parts.json ?? {});
  if (!parsed.success) throw new Error(`its JSON: ${z.prettifyError(parsed.error)}`);
  const { path, id, label, split, start, end, clip, fps, span, ...more } = parsed.data;
  const times = describeTimes(more.times, fps, count);
  const mfcc =
    parts.mfcc === undefined
      ? new Float32Array(shape.mfccFrames * shape.cepstra)
      : floatsOf(parts.mfcc, 'mfcc');
  const bytes = new Uint8Array(mfcc.buffer, mfcc.byteOffset, mfcc.byteLength);
  return {
    header: {
      path: path ?? `${source}/${key}`,
      id: id ?? key,
      label: label ?? parts.cls ?? null,
      split: split ?? null,
      start: start ?? null,
      end: end ?? null,
      // The content of a sample that has no file of its own is what it holds.
      contentHash: createHash('sha256').update(frames).update(bytes).digest('hex'),
      clip,
      height,
      width,
      times,
      span: span ?? [times[0] ?? 0, (times.at(-1) ?? 0) + 1 / fps],
      flags: {
        audioPresent: mfcc.some((value) => value !== 0),
        substituted: 0,
        held: 0,
        warnings: [],
      },
    },
    frames,
    mask: parts.mask === undefined ? null : bytesOf(parts.mask, 'mask'),
    mfcc,
  };
}
