import { mkdir, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { cacheIdentity } from '../../cache/manifest/manifest.js';
import { openCache, type CacheReader } from '../../cache/reader.js';
import { rawSample } from '../../cache/records.js';
import { selectSamples } from '../../cache/subset.js';
import { syncFolder } from '../../cache/folder/atomic-file.js';
import { frameFiles } from '../../stages/exchange/frame-files.js';
import { ownJson } from '../../stages/exchange/own-sample.js';
import { writeTar, type TarFile } from '../../stages/exchange/tar.js';
import { arrayFiles, IDENTITY_FILE } from '../../stages/exchange/webdataset.js';
import { encodeZip } from '../../stages/exchange/zip.js';
import { exportOptions, type ExportInput, type ExportOptions } from './export-options.js';
import { checkIndex } from '../../cache/check-index.js';
import { storeOf } from '../../stages/shard-cache/store-options.js';

export interface ExportRequest {
  readonly cache: string;
  /** A file that ends in `.tar`, or a folder for `data-000000.tar` …; must not be there yet. */
  readonly out: string;
  readonly options?: ExportInput;
  readonly onProgress?: (progress: ExportProgress) => void;
  /** Ends the export early: nothing is left of it. */
  readonly signal?: AbortSignal;
}

export interface ExportProgress {
  readonly done: number;
  readonly total: number;
  readonly seconds: number;
}

export interface ExportSummary {
  readonly samples: number;
  /** Paths of the tars. */
  readonly files: readonly string[];
  readonly bytes: number;
  readonly seconds: number;
}

/** Numbers of the samples that are asked for, ascending. @throws Error when there are none */
function chooseSamples(reader: CacheReader, { split, label, samples }: ExportOptions): number[] {
  const names = (list: readonly string[]) => list.map((name) => (name === '' ? null : name));
  const subset = {
    ...(split === undefined ? {} : { splits: names(split) }),
    ...(label === undefined ? {} : { labels: names(label) }),
  };
  samples?.forEach((index) => {
    checkIndex(reader, index);
  });
  const asked = samples && new Set(samples);
  const chosen = selectSamples(reader, subset).filter((index) => asked?.has(index) ?? true);
  if (chosen.length === 0)
    throw new Error(
      reader.size === 0
        ? 'the cache holds no samples yet; there is nothing to export'
        : 'no sample of the cache is of that split, label and number; see them with avme inspect',
    );
  return chosen;
}

/**
 * What an import needs to make a cache of the tar: the same one again, or, of frames that were decoded
 * for the tar, one that keeps them as they are now.
 */
function identityFile({ manifest }: CacheReader, form: ExportOptions['frames']): TarFile {
  const { configuration, tools, shape } = manifest;
  const { format } = storeOf(configuration);
  const { store, quality, ...others } = configuration;
  const decoded = { ...others, store: 'raw', decoded: { store, quality } };
  const kept = format === 'raw' || form === 'stored';
  const identity = cacheIdentity(kept ? configuration : decoded, tools, shape);
  return { name: IDENTITY_FILE, content: [Buffer.from(JSON.stringify(identity))] };
}

async function* tarFiles(
  reader: CacheReader,
  indices: readonly number[],
  { frames: form, quality }: ExportOptions,
  onSample: () => void,
): AsyncGenerator<TarFile> {
  const { shape } = reader.manifest;
  // Pictures of single frames do not make a cache again.
  if (form !== 'jpg') yield identityFile(reader, form);
  for (const index of indices) {
    const sample = form === 'stored' ? reader.stored(index) : rawSample(await reader.read(index));
    const { key } = sample.header;
    const { frames, ...others } = arrayFiles(sample, shape);
    if (form === 'jpg') yield* frameFiles(sample, shape.frames, quality);
    const files = form === 'jpg' ? others : { frames, ...others };
    for (const { name, content } of Object.values(files)) yield { name: `${key}.${name}`, content };
    yield { name: `${key}.json`, content: [ownJson(sample)] };
    onSample();
  }
}

/** The shards: name and samples of each. */
function* shardsOf(indices: readonly number[], shardSamples: number) {
  for (let start = 0; start < indices.length; start += shardSamples)
    yield {
      name: `data-${String(start / shardSamples).padStart(6, '0')}.tar`,
      indices: indices.slice(start, start + shardSamples),
    };
}

/** @throws Error when something is in the way */
async function mustBeFree(path: string): Promise<void> {
  const there = await readdir(path).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR') return ['a file'];
    throw error;
  });
  if (there.length > 0)
    throw new Error(`${path} is there already; delete it, or choose another name for the export`);
}

/**
 * Has a file or folder written beside its name and puts it in place when it is whole; what a killed
 * process left there is written anew.
 */
async function writeAside<T>(out: string, write: (path: string) => Promise<T>): Promise<T> {
  const partial = `${out}.partial`;
  try {
    await rm(partial, { recursive: true, force: true });
    await mkdir(dirname(out), { recursive: true });
    const result = await write(partial);
    // An empty folder may be there; not every system renames over one.
    await rmdir(out).catch(() => undefined);
    await rename(partial, out);
    await syncFolder(dirname(out));
    return result;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Writes samples of a cache as a WebDataset: tars that Python's `webdataset` reads. The same samples
 * give the same bytes. What is under the name `out` is whole, or not there.
 * @throws Error when `out` is there already or no sample is asked for; CacheError as {@link openCache}
 */
export async function exportWebDataset(request: ExportRequest): Promise<ExportSummary> {
  const { signal, onProgress } = request;
  // Without a slash at its end, which would put what lies beside it inside.
  const out = resolve(request.out);
  const options = exportOptions.parse(request.options ?? {});
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  await mustBeFree(out);
  const reader = await openCache(request.cache);
  try {
    const chosen = chooseSamples(reader, options);
    let [done, bytes] = [0, 0];
    const onSample = () => onProgress?.({ done: ++done, total: chosen.length, seconds: seconds() });
    const write = async (path: string, indices: readonly number[]) => {
      await writeTar(path, tarFiles(reader, indices, options, onSample), signal);
      bytes += (await stat(path)).size;
    };
    const files = await writeAside(out, async (path) => {
      if (/\.tar$/i.test(out)) {
        await write(path, chosen);
        return [out];
      }
      await mkdir(path);
      const shards = [...shardsOf(chosen, options.shardSamples)];
      for (const { name, indices } of shards) await write(join(path, name), indices);
      await syncFolder(path);
      return shards.map(({ name }) => join(out, name));
    });
    return { samples: chosen.length, files, bytes, seconds: seconds() };
  } finally {
    await reader.close();
  }
}

/**
 * Writes one sample for NumPy: an .npz with `frames`, `mask`, `mfcc`, `mel` where the cache has it, and
 * `header.json`, or one of its arrays as .npy.
 * @throws RangeError when there is no such sample, or no such array of it
 */
export async function exportNumpy(
  cache: string,
  index: number,
  out: string,
  array: 'all' | 'frames' | 'mask' | 'mfcc' | 'mel',
): Promise<{ readonly bytes: number }> {
  await mustBeFree(out);
  const reader = await openCache(cache);
  try {
    checkIndex(reader, index);
    const sample = rawSample(await reader.read(index));
    const arrays = arrayFiles(sample, reader.manifest.shape);
    const header = { name: 'header.json', content: [ownJson(sample)] };
    const content =
      array === 'all'
        ? [await encodeZip([...Object.values(arrays), header])]
        : arrays[array]?.content;
    if (content === undefined)
      throw new RangeError(
        'the cache holds no log-mel spectra; make one that does with avme preprocess --mel 128',
      );
    await writeAside(resolve(out), (path) => writeFile(path, content, { flush: true }));
    return { bytes: content.reduce((sum, { length }) => sum + length, 0) };
  } finally {
    await reader.close();
  }
}
