import { decodeCheckedV1, decodeRecordV1, upgradeHeader } from '../codec/codec-v1.js';
import { asSample, CorruptRecordError, decodeChecked, decodeStored } from '../codec/codec.js';
import type { ClipShape, Sample, StoredSample } from '../records.js';
import type { StoredHeader } from './statistics.js';

/** How the values of a cache are read, by the schema of its manifest. */
export interface Codec {
  /** @throws CorruptRecordError; EncodedFramesError when its frames are not kept as they are */
  record(bytes: Uint8Array, shape: ClipShape, key: string): Sample;
  /** @throws CorruptRecordError */
  stored(bytes: Uint8Array, shape: ClipShape, key: string): StoredSample;
  /** @throws CorruptRecordError */
  header(bytes: Buffer, shape: ClipShape, key: string): StoredHeader;
  /** @returns the fingerprint in a shard's identity @throws CorruptRecordError */
  fingerprint(bytes: Buffer): string;
}

function codec(
  stored: Codec['stored'],
  checked: (bytes: Buffer) => unknown,
  upgrade: (stored: StoredHeader, shape: ClipShape) => StoredHeader,
): Codec {
  return {
    record: (bytes, shape, key) => asSample(stored(bytes, shape, key)),
    stored,
    header(bytes, shape, key) {
      const stored = upgrade(checked(bytes) as StoredHeader, shape);
      if (stored.header.key !== key)
        throw new CorruptRecordError(`the header of ${key} is that of ${stored.header.key}`);
      return stored;
    },
    fingerprint: (bytes) => (checked(bytes) as { readonly fingerprint: string }).fingerprint,
  };
}

const CODECS = {
  1: codec(decodeRecordV1, decodeCheckedV1, ({ header, sums }, shape) => ({
    header: upgradeHeader(header, shape),
    sums,
  })),
  2: codec(decodeStored, decodeChecked, (stored) => stored),
} as const;

export const codecOf = (schema: keyof typeof CODECS): Codec => CODECS[schema];
