import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { beginPart, endPart } from '../../cache/merge/parts.js';
import { openCacheWriter, type CacheWriter } from '../../cache/writer.js';
import { Quarantine } from '../../cache/quarantine.js';
import type { VideoSource } from '../../stages/source/video-source.js';
import { cacheFolder, cacheKind, rawClipBytes } from './cache-kind.js';
import { failureLimit, TooManyFailuresError } from '../failure.js';
import { freeBytes } from './free-space.js';
import { preprocessOptions, type PreprocessInput, type PreprocessOptions } from './options.js';
import { defaultStages, PreprocessRun, type PreprocessStages } from './run.js';
import type { PreprocessEvent, PreprocessSummary } from './tally.js';
import { stage, withConsumer } from '../stream.js';
import { sourceOf, survey } from './survey.js';

export interface PreprocessRequest {
  /** A folder of videos, a list of any kind that {@link openSource} knows, or a source of one's own. */
  readonly source: string | VideoSource;
  /**
   * Folder of the cache; made when it is not there, continued when it is. With the option `shard` the
   * part gets a folder inside, to be joined with the others by {@link merge}.
   */
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
  const source = await sourceOf(request, options);
  const { total, ignored } = await survey(source, signal);
  onEvent?.({ event: 'start', kind: source.kind, total, ignored });
  const kind = await cacheKind(options, request.tools, signal);
  const cache = await cacheFolder(request.cache, options, kind);
  const writer = await openCacheWriter(cache, {
    ...kind,
    ...(request.shardBytes !== undefined && { shardBytes: request.shardBytes }),
  });
  try {
    if (options.shard !== null) await beginPart(cache);
    await warnOfSpace(writer, total * options.clips, options, onEvent);
    const quarantine = await Quarantine.open(cache);
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
    if (options.shard !== null && stopped === null) await endPart(cache);
    await writer.seal();
    if (stopped instanceof TooManyFailuresError) throw stopped;
    return { ...run.tally.counts(), interrupted: stopped !== null };
  } finally {
    await writer.close();
  }
}

/** Says at the start that the clips that the cache lacks will not find room, where that is sure. */
async function warnOfSpace(
  writer: CacheWriter,
  clips: number,
  { store }: PreprocessOptions,
  onEvent: PreprocessRequest['onEvent'],
): Promise<void> {
  // How small pictures are is not known before they are made: avme preprocess --dry-run finds out.
  if (store !== 'raw') return;
  const bytes = Math.max(0, clips - writer.size) * rawClipBytes(writer.identity.shape);
  const free = await freeBytes(writer.folder);
  if (bytes > free) onEvent?.({ event: 'space', bytes, freeBytes: free });
}

/** The pipeline itself: clips are worked on `jobs` at once and arrive in the order of the list. */
function stream(source: VideoSource, run: PreprocessRun, jobs: number, signal?: AbortSignal) {
  const several = { concurrency: jobs, onFailure: run.fail };
  // Clips take from a blink to seconds: while one of them is waited for, those behind it are made.
  const ahead = { ...several, window: 2 * jobs };
  return withConsumer(run.store, (store) =>
    pipeline(
      Readable.from(source.entries(), { highWaterMark: 1 }),
      run.watch(stage('read', run.read, ahead)),
      run.watch(stage('index', run.index, ahead)),
      run.watch(stage('decode', run.decode, ahead)),
      run.watch(stage('describe', run.describe, several)),
      store,
      signal === undefined ? {} : { signal },
    ),
  );
}
