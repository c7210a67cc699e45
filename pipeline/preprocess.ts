import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openCacheWriter, Quarantine } from '../cache/index.js';
import { ffmpegVersion } from '../stages/ffmpeg.js';
import { openSource } from '../stages/source.js';
import type { VideoSource } from '../stages/video-source.js';
import { failureLimit, TooManyFailuresError } from './failure.js';
import {
  cacheConfiguration,
  clipShape,
  preprocessOptions,
  type PreprocessInput,
} from './preprocess-options.js';
import { defaultStages, PreprocessRun, type PreprocessStages } from './preprocess-run.js';
import type { PreprocessEvent, PreprocessSummary } from './preprocess-tally.js';
import { frameStore, storeTools } from './store-options.js';
import { stage } from './stream.js';

/** Raised when the stages come to make something else of the same video and options. */
const PREPROCESS_SCHEMA = 1;

export interface PreprocessRequest {
  /** A folder of videos, or a JSONL list. */
  readonly source: string;
  /** Folder of the cache; made when it is not there, continued when it is. */
  readonly cache: string;
  readonly options?: PreprocessInput;
  /** Replaces stages by others of the same type; name them in `tools`, they make another cache. */
  readonly stages?: Partial<PreprocessStages>;
  /** Versions of replaced stages; part of the cache's fingerprint. */
  readonly tools?: Readonly<Record<string, string | number>>;
  /** A shard that has grown to so many bytes is followed by the next one; default 2 GiB. */
  readonly shardBytes?: number;
  readonly onEvent?: (event: PreprocessEvent) => void;
  /** Ends the run early: what is in hand is abandoned, the cache is sealed. */
  readonly signal?: AbortSignal;
}

/** Walks the list once for its length, so that a bad line or folder is found before hours of work. */
async function survey(source: VideoSource, signal?: AbortSignal) {
  const ignored: Record<string, number> = {};
  let total = 0;
  const walk = source.entries((extension) => {
    ignored[extension] = (ignored[extension] ?? 0) + 1;
  });
  const steps = walk[Symbol.asyncIterator]();
  for (; (await steps.next()).done !== true; total++) signal?.throwIfAborted();
  if (total === 0) {
    const others = Object.entries(ignored).map(([extension, count]) => `${count} ${extension}`);
    throw new Error(
      `there is no video in ${source.path}` +
        (others.length > 0 ? ` (passed over: ${others.join(', ')})` : ': it is empty'),
    );
  }
  return { total, ignored };
}

/**
 * Makes the cache of a data set: every video is hashed, indexed, sampled, decoded and described,
 * every clip written; what is in the cache already is skipped. A video that cannot be used goes to
 * the cache's quarantine and the run goes on.
 * @throws Error when the source is missing or empty; CacheError when the cache cannot be written
 * @throws TooManyFailuresError when more videos fail than `maxFailures` allows
 */
export async function preprocess(request: PreprocessRequest): Promise<PreprocessSummary> {
  const options = preprocessOptions.parse(request.options ?? {});
  const { signal, onEvent } = request;
  const source = await openSource(request.source);
  const { total, ignored } = await survey(source, signal);
  onEvent?.({ event: 'start', total, ignored });
  const writer = await openCacheWriter(request.cache, {
    configuration: cacheConfiguration(options),
    tools: {
      ffmpeg: await ffmpegVersion(),
      preprocess: PREPROCESS_SCHEMA,
      ...(await storeTools(options)),
      ...request.tools,
    },
    shape: clipShape(options),
    store: frameStore(options),
    ...(request.shardBytes !== undefined && { shardBytes: request.shardBytes }),
  });
  try {
    const quarantine = await Quarantine.open(request.cache);
    const run = new PreprocessRun({
      options,
      stages: { ...defaultStages, ...request.stages },
      writer,
      quarantine,
      policy: failureLimit(options.maxFailures, total),
      total,
      onEvent,
    });
    let stopped: unknown = null;
    try {
      await stream(source, run, options.jobs, signal);
    } catch (error) {
      // These two leave nothing undone but what is left of the list: the cache is sealed as it is.
      if (signal?.aborted !== true && !(error instanceof TooManyFailuresError)) throw error;
      stopped = error;
    } finally {
      await quarantine.close();
    }
    await writer.seal();
    if (stopped instanceof TooManyFailuresError) throw stopped;
    return { ...run.tally.counts(), interrupted: stopped !== null };
  } finally {
    await writer.close();
  }
}

/** The pipeline itself: clips are worked on `jobs` at once and arrive in the order of the list. */
function stream(source: VideoSource, run: PreprocessRun, jobs: number, signal?: AbortSignal) {
  const several = { concurrency: jobs, onFailure: run.fail };
  return pipeline(
    Readable.from(source.entries(), { highWaterMark: 1 }),
    run.watch(stage('read', run.read, several)),
    run.watch(stage('index', run.index, several)),
    run.watch(stage('decode', run.decode, several)),
    run.watch(stage('describe', run.describe, several)),
    run.store,
    signal === undefined ? {} : { signal },
  );
}
