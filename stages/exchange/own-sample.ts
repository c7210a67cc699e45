import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { SampleHeader, StoredSample } from '../../cache/records.js';
import { bytesOf, floatsOf, type SampleParts } from './webdataset.js';

const seconds = z.number();

/** The header of a sample as `KEY.json` has it. */
const headerSchema = z.strictObject({
  key: z.string(),
  path: z.string(),
  id: z.string(),
  label: z.string().nullable(),
  split: z.string().nullable(),
  start: seconds.nullable(),
  end: seconds.nullable(),
  contentHash: z.string(),
  clip: z.number().int().min(0),
  height: z.number().int(),
  width: z.number().int(),
  times: z.array(seconds),
  span: z.tuple([seconds, seconds]),
  flags: z.strictObject({
    audioPresent: z.boolean(),
    substituted: z.number(),
    held: z.number(),
    warnings: z.array(z.string()),
  }),
}) satisfies z.ZodType<SampleHeader>;

/** Neither tar nor .npy has a checksum: this is that of the whole sample. */
function digestOf(header: object, { frames, mask, mfcc, mel }: StoredSample): string {
  const hash = createHash('sha256').update(JSON.stringify(header));
  hash.update(frames.bytes).update(mask).update(mfcc);
  return (mel === undefined ? hash : hash.update(mel)).digest('hex');
}

/** What `KEY.json` holds: the header, and the SHA-256 of the header's JSON, frames, mask, MFCC and log-mel. */
export function ownJson(sample: StoredSample): Buffer {
  const { header } = sample;
  return Buffer.from(JSON.stringify({ ...header, sha256: digestOf(header, sample) }));
}

/** A sample that avme exported. @throws Error when a part of it is missing or is not what it was */
export function ownSample({ frames, picture, mask, mfcc, mel, json }: SampleParts): StoredSample {
  const stored = frames && ({ format: 'raw', bytes: bytesOf(frames, 'frames') } as const);
  const kept = stored ?? picture;
  if (kept === undefined || mask === undefined || mfcc === undefined) {
    const missing = kept === undefined ? 'frames are' : mask === undefined ? 'mask is' : 'mfcc is';
    throw new Error(`its ${missing} missing; export the tar again`);
  }
  const { sha256, ...written } = (json ?? {}) as Readonly<Record<string, unknown>>;
  const header = headerSchema.safeParse(written);
  if (!header.success) throw new Error('its JSON is not what avme export wrote');
  const sample = {
    header: header.data,
    frames: kept,
    mask: bytesOf(mask, 'mask'),
    mfcc: floatsOf(mfcc, 'mfcc'),
    ...(mel === undefined ? {} : { mel: floatsOf(mel, 'mel') }),
  };
  if (digestOf(written, sample) !== sha256)
    throw new Error('it is damaged: its checksum does not match; copy or export the tar again');
  return sample;
}
