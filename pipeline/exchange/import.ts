import { resolve } from 'node:path';
import { openCacheWriter, type CacheWriter } from '../../cache/writer.js';
import { randomFor } from '../../cache/order/random.js';
import { sampleKey } from '../../cache/sample-key.js';
import { foreignSample } from '../../stages/exchange/foreign-sample.js';
import { drawTubeMask, maskedPositions } from '../../stages/mask/tube-mask.js';
import { ownSample } from '../../stages/exchange/own-sample.js';
import { readTar } from '../../stages/exchange/tar.js';
import { groupByKey, readParts, type FileGroup } from '../../stages/exchange/webdataset.js';
import { kindOf, MAX_FILE } from './import-kind.js';
import { importOptions, type ImportInput, type ImportOptions } from './import-options.js';
import { storeOf } from '../../stages/shard-cache/store-options.js';

export interface ImportRequest {
  /** Tars, gzipped or not, that avme or another program wrote. */
  readonly tars: readonly string[];
  /** Folder of the cache; made when it is not there, continued when it is one of the same kind. */
  readonly cache: string;
  readonly options?: ImportInput;
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Ends the import early: the cache is sealed as it is, and the same import goes on. */
  readonly signal?: AbortSignal;
}

export interface ImportProgress {
  readonly tar: string;
  readonly samples: number;
  readonly written: number;
  /** Samples that were in the cache already. */
  readonly skipped: number;
  readonly seconds: number;
}

export interface ImportSummary extends Omit<ImportProgress, 'tar'> {
  /** Whether the tars were avme's own: then the cache is the same as the one that was exported. */
  readonly own: boolean;
  readonly interrupted: boolean;
}

/** A model takes clips that hide equally much: a mask that a sample brings must be of the cache's ratio. */
function checkMask(mask: Uint8Array, positions: number, ratio: number): void {
  const hidden = mask.filter((value) => value === 1).length;
  const wanted = maskedPositions(positions, ratio);
  if (mask.length !== positions || mask.some((value) => value > 1) || hidden !== wanted)
    throw new Error(
      `its mask of ${mask.length} values hides ${hidden}; this cache's have ${positions}, of which a ` +
        `--mask-ratio of ${ratio} hides ${wanted} (1 = masked, 0 = visible)`,
    );
}

/**
 * Puts what a tar holds under one key into the cache.
 * @returns whether the cache did not have it yet
 * @throws Error saying what is wrong with it
 */
async function putGroup(
  group: FileGroup,
  tar: string,
  writer: CacheWriter,
  own: boolean,
  { maskRatio, seed }: ImportOptions,
): Promise<boolean> {
  const { fingerprint, shape } = writer.identity;
  const parts = await readParts(group, MAX_FILE);
  if (own) {
    const stored = ownSample(parts);
    if (writer.has(stored.header.key)) return false;
    await writer.put(await writer.prepareStored(stored));
    return true;
  }
  const { header, frames, mask, mfcc } = foreignSample(parts, shape, tar, group.key);
  const key = sampleKey(fingerprint, header);
  if (mask !== null) checkMask(mask, shape.positions, maskRatio);
  if (writer.has(key)) return false;
  await writer.put({
    header: { ...header, key },
    frames,
    mfcc,
    mask: mask ?? drawTubeMask(shape.positions, maskRatio, randomFor(seed, 0, key, 'cached mask')),
  });
  return true;
}

/**
 * Puts the samples of WebDataset tars into a cache. Tars that avme exported give the cache that they
 * were made from, to the bit; of others the frames are needed, and the rest is taken where it is there.
 * @throws Error naming the tar and the sample that does not fit; what was put before it stays
 */
export async function importWebDataset(request: ImportRequest): Promise<ImportSummary> {
  const { signal, onProgress } = request;
  const options = importOptions.parse(request.options ?? {});
  const tars = request.tars.map((tar) => resolve(tar));
  const kind = await kindOf(tars, options);
  const store = storeOf(kind.identity.configuration);
  const writer = await openCacheWriter(request.cache, { ...kind.identity, store });
  const start = performance.now();
  let [samples, written] = [0, 0];
  const counts = () => ({ samples, written, skipped: samples - written, seconds: (performance.now() - start) / 1000 }); // prettier-ignore
  try {
    for (const tar of tars)
      for await (const group of groupByKey(readTar(tar, MAX_FILE))) {
        if (signal?.aborted === true) break;
        try {
          written += (await putGroup(group, tar, writer, kind.own, options)) ? 1 : 0;
          samples++;
        } catch (cause) {
          throw new Error(`${tar}: sample ${group.key}: ${(cause as Error).message}`, { cause });
        }
        onProgress?.({ tar, ...counts() });
      }
    await writer.seal();
    return { ...counts(), own: kind.own, interrupted: signal?.aborted === true };
  } finally {
    await writer.close();
  }
}
