import { Writable } from 'node:stream';
import { z } from 'zod';
import { FramesTooLargeError } from '../cache/codec/frame-encoding.js';
import { sampleKey } from '../cache/sample-key.js';
import { openCacheWriter, type CacheWriter } from '../cache/writer.js';
import { assertHas, type DescribedClip } from './clip.js';
import { cacheKindOf } from './shard-cache/cache-kind.js';
import { sampleOf } from './shard-cache/sample-of.js';
import { storeOptions } from './shard-cache/store-options.js';
import { StageError } from './stage-error.js';
import { parseOptions } from './stage-options.js';
import { newCounters, type StageCounters, type StageOptions } from './stream.js';

const ownOptions = z.strictObject({
  ...storeOptions.shape,
  /** A shard that has grown to so many bytes is followed by the next one. */
  shardBytes: z
    .int()
    .min(1)
    .default(2 * 1024 ** 3),
  /** Versions of stages of your own; part of the cache's fingerprint. */
  tools: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
});

export interface ShardCacheOptions extends Partial<z.input<typeof ownOptions>> {
  /** Is told of each clip once it is on the disk. */
  readonly onStored?: (record: DescribedClip) => void | Promise<void>;
}

export interface ShardCacheStream extends Writable {
  readonly counters: StageCounters;
}

function assertDescribed(record: DescribedClip): void {
  assertHas(record, 'shardCache', 'frames', 'decode()');
  assertHas(record, 'shardCache', 'mask', 'tubeMask()');
  assertHas(record, 'shardCache', 'mfcc', 'mfcc()');
}

/**
 * Writes clips into a shard cache: the last stage of preprocessing. A clip that is in the cache
 * already is passed over. The records' configuration becomes the cache's; a cache that was made
 * with another one is refused. The cache is sealed when the stream ends.
 *
 * Options: `store` (`raw`, `jpeg`, `webp`; default `raw`), `quality` (1 to 100; default 90),
 * `shardBytes` (default 2 GiB), `tools` (versions of stages of your own), `onStored`, and those of
 * every stage; `concurrency` is that of encoding frames.
 * @param cache its folder, made where there is none; or a writer, which stays the caller's to seal
 * @returns a Writable of {@link DescribedClip}s
 * @throws RangeError for an option that is wrong; the stream fails with a CacheError where the cache
 *   cannot be written, or is of another kind
 */
export function shardCache(
  cache: string | CacheWriter,
  options: ShardCacheOptions & Omit<StageOptions<DescribedClip>, 'window'> = {},
): ShardCacheStream {
  const { concurrency = 1, onFailure, onStored, ...own } = options;
  const { shardBytes, tools, ...store } = parseOptions('shardCache', ownOptions, own);
  const counters = newCounters('store', 1);
  let writer = typeof cache === 'string' ? undefined : cache;
  let opening: Promise<CacheWriter> | undefined;
  /** The last put: samples are written in the order in which they came. */
  let last: Promise<void> = Promise.resolve();
  let inHand = 0;
  let admit: () => void = () => undefined;

  const open = async ({ configuration }: DescribedClip): Promise<CacheWriter> => {
    if (typeof cache !== 'string') return cache;
    opening ??= cacheKindOf(configuration, store, tools)
      .then((kind) => openCacheWriter(cache, { ...kind, shardBytes }))
      .then((opened) => (writer = opened));
    return opening;
  };

  /** Encodes a sample; several at once. @returns undefined where a failure was seen to, or it is there */
  async function prepare(record: DescribedClip) {
    try {
      assertDescribed(record);
      const target = await open(record);
      const { entry, contentHash, clip } = record;
      const origin = { contentHash, start: entry.start, end: entry.end, clip: clip.index };
      const sample = sampleOf(record, sampleKey(target.identity.fingerprint, origin));
      if (target.has(sample.header.key)) return undefined;
      return { target, prepared: await target.prepare(sample) };
    } catch (error) {
      if (!(error instanceof FramesTooLargeError)) throw error;
      const failure = new StageError('describe', error.message);
      if (onFailure === undefined) throw failure;
      await onFailure(failure, record);
      return undefined;
    }
  }

  async function put(record: DescribedClip, preparing: ReturnType<typeof prepare>): Promise<void> {
    const ready = await preparing;
    if (stream.destroyed) {
      record.release();
      return;
    }
    const began = performance.now();
    counters.queued = 1;
    if (ready !== undefined) {
      await ready.target.put(ready.prepared);
      counters.items++;
    }
    counters.queued = 0;
    counters.busySeconds += (performance.now() - began) / 1000;
    record.release();
    if (ready !== undefined) await onStored?.(record);
  }

  const stream = new Writable({
    objectMode: true,
    highWaterMark: 1,
    write(record: DescribedClip, _encoding, done) {
      const preparing = prepare(record);
      // Its failure is seen to when its turn comes.
      preparing.catch(() => undefined);
      inHand++;
      last = last.then(() => put(record, preparing));
      last.then(
        () => {
          inHand--;
          admit();
        },
        (error: unknown) => stream.destroy(error as Error),
      );
      admit = () => {
        if (inHand >= concurrency) return;
        admit = () => undefined;
        done();
      };
      admit();
    },
    final(done) {
      const seal = async () => {
        await last;
        if (typeof cache !== 'string') return;
        if (writer === undefined)
          throw new Error(
            'shardCache: no clip has come; the source is empty, or every clip failed',
          );
        await writer.seal();
      };
      seal().then(() => { done(); }, done); // prettier-ignore
    },
    destroy(error, done) {
      const close = async () => {
        await last.catch(() => undefined);
        await opening?.catch(() => undefined);
        if (typeof cache === 'string') await writer?.close();
      };
      close().then(() => { done(error); }, done); // prettier-ignore
    },
  });
  return Object.assign(stream, { counters });
}
