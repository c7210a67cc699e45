import { z } from 'zod';
import { assertEncodable } from '../../cache/codec/frame-encoding.js';
import {
  cacheIdentity,
  compareConfigurations,
  identitySchema,
  type CacheIdentity,
} from '../../cache/manifest/manifest.js';
import { foreignFrames } from '../../stages/exchange/foreign-sample.js';
import { maskedPositions } from '../../stages/mask/tube-mask.js';
import { CEPSTRA } from '../../stages/audio/mfcc-features.js';
import { readTar } from '../../stages/exchange/tar.js';
import { groupByKey, IDENTITY_FILE, readParts } from '../../stages/exchange/webdataset.js';
import type { ImportOptions } from './import-options.js';
import {
  frameStore,
  storeConfiguration,
  storeTools,
} from '../../stages/shard-cache/store-options.js';

/** Bytes that one file of a tar may have; a clip of 64 frames of 1024 × 1024 pixels has 201 MB. */
export const MAX_FILE = 1024 ** 3;

/** Raised when what is filled in for samples that avme did not write comes to be something else. */
const IMPORT_SCHEMA = 1;

/** What cache the samples of some tars make. */
export interface ImportKind {
  /** Whether avme exported them: then samples keep their keys. */
  readonly own: boolean;
  readonly identity: CacheIdentity;
}

/** What the cache was that avme exported a tar from; undefined when something else wrote the tar. */
async function exportedFrom(tar: string): Promise<CacheIdentity | undefined> {
  for await (const { name, content } of readTar(tar, MAX_FILE)) {
    if (name !== IDENTITY_FILE) return undefined;
    const json: unknown = JSON.parse(Buffer.concat(content).toString('utf8'));
    const found = identitySchema.safeParse(json);
    if (!found.success)
      throw new Error(
        `${tar} was exported by another version of avme; export it again with this one (${z.prettifyError(found.error)})`,
      );
    const { configuration, tools, shape, fingerprint } = found.data;
    if (cacheIdentity(configuration, tools, shape).fingerprint !== fingerprint)
      throw new Error(`${tar} is damaged: its ${IDENTITY_FILE} is not what avme export wrote`);
    return found.data;
  }
  return undefined;
}

/** The largest square in whole patches that lies within frames. */
function sizeWithin(side: number, { size, patch }: ImportOptions): number {
  const chosen = size ?? Math.floor(side / patch) * patch;
  if (chosen < patch || chosen > side || chosen % patch !== 0)
    throw new Error(
      `--size: ${chosen} must be a multiple of the patch, ${patch}, and at most the short side of the frames, ${side}`,
    );
  return chosen;
}

/** The cache that samples like this tar's first one make. */
async function foreignIdentity(tar: string, options: ImportOptions): Promise<CacheIdentity> {
  for await (const group of groupByKey(readTar(tar, MAX_FILE))) {
    try {
      const parts = await readParts(group, MAX_FILE);
      const { frames, height, width } = foreignFrames(parts);
      assertEncodable({ frames, height, width }, frameStore(options));
      const storeSize = Math.min(height, width);
      const { patch, maskRatio, stride, seed } = options;
      const size = sizeWithin(storeSize, options);
      const positions = (size / patch) ** 2;
      maskedPositions(positions, maskRatio);
      const [mfccFrames = 0, cepstra = 0, ...more] = parts.mfcc?.shape ?? [4 * frames * stride, CEPSTRA]; // prettier-ignore
      if (mfccFrames < 1 || cepstra < 1 || more.length > 0)
        throw new Error(`its mfcc has the shape ${parts.mfcc?.shape.join(' × ') ?? ''}, not MFCC frames × cepstra`); // prettier-ignore
      const square = height === width && !options.shortSide;
      return cacheIdentity(
        { imported: 'webdataset', frames, stride, size, storeSize, fit: square ? 'crop' : 'short-side', patch, maskRatio, seed, ...storeConfiguration(options) }, // prettier-ignore
        { import: IMPORT_SCHEMA, ...(await storeTools(options)) },
        { frames, size, storeSize, square, positions, mfccFrames, cepstra },
      );
    } catch (cause) {
      throw new Error(`${tar}: sample ${group.key}: ${(cause as Error).message}`, { cause });
    }
  }
  throw new Error(`${tar} holds no samples`);
}

const plain = (identity: CacheIdentity | undefined) => ({ ...identity, fingerprint: null });

/**
 * Looks into all tars before the first sample is imported: what they are, and whether they go together.
 * @throws Error when one cannot be read or is of another kind than the first
 */
export async function kindOf(tars: readonly string[], options: ImportOptions): Promise<ImportKind> {
  const [first = ''] = tars;
  const identity = await exportedFrom(first);
  for (const tar of tars.slice(1)) {
    const other = await exportedFrom(tar);
    if (identity?.fingerprint === other?.fingerprint) continue;
    const differences = compareConfigurations(plain(identity), plain(other));
    throw new Error(
      `${first} and ${tar} do not make one cache; import them apart: ` +
        (identity && other
          ? `they differ in ${differences.map((line) => line.split(':')[0]).join(', ')}`
          : 'one was exported by avme, the other was not'),
    );
  }
  return identity === undefined
    ? { own: false, identity: await foreignIdentity(first, options) }
    : { own: true, identity };
}
