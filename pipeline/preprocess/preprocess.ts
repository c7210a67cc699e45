import { Readable, type Writable } from 'node:stream';
import type { CachePart } from '../../cache/merge/parts.js';
import { openCacheWriter, type CacheWriter } from '../../cache/writer.js';
import { Quarantine } from '../../cache/quarantine.js';
import { decode } from '../../stages/decode.js';
import { index } from '../../stages/index-videos.js';
import { logMel } from '../../stages/log-mel.js';
import { mfcc } from '../../stages/mfcc.js';
import { sample } from '../../stages/sample.js';
import { shardCache } from '../../stages/shard-cache.js';
import type { VideoRecord } from '../../stages/clip.js';
import type { VideoSource } from '../../stages/source/video-source.js';
import { runPipeline, type StageStream } from '../../stages/stream.js';
import { tubeMask } from '../../stages/tube-mask.js';
import { cacheKind, rawClipBytes } from './cache-kind.js';
import { chooseDecoder, type ChosenDecoder } from './decoder.js';
import { failureLimit, TooManyFailuresError } from '../failure.js';
import { freeBytes } from './free-space.js';
import { preprocessOptions, type PreprocessInput, type PreprocessOptions } from './options.js';
import { RunLedger } from './ledger.js';
import { missingClips } from './missing-clips.js';
import { attemptAt, endAttempt } from './part.js';
import type { PreprocessStages } from './cores.js';
import type { PreprocessEvent, PreprocessSummary } from './tally.js';
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
  /**
   * The part that the whole source makes up, as it is: nothing is selected of it, and it may be empty.
   * Default: the option `shard`, which takes a part of the source.
   */
  readonly part?: CachePart;
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
  const source =
    request.part !== undefined && typeof request.source !== 'string'
      ? request.source
      : await sourceOf(request, options);
  const { total, ignored, wrong, wrongLines } = await survey(source, { signal, strict: options.strict }); // prettier-ignore
  onEvent?.({ event: 'start', kind: source.kind, total, ignored, wrongLines });
  const { index: ownIndex, decode: ownDecode } = request.stages ?? {};
  const replaced = ownIndex !== undefined || ownDecode !== undefined;
  const decoder = await chooseDecoder(request.cache, options, replaced);
  try {
    return await run(request, { options, source, total, wrong, wrongLines, decoder });
  } finally {
    await decoder.close();
  }
}

interface Run {
  readonly options: PreprocessOptions;
  readonly source: VideoSource;
  readonly total: number;
  readonly wrong: Awaited<ReturnType<typeof survey>>['wrong'];
  readonly wrongLines: number;
  readonly decoder: ChosenDecoder;
}

async function run(
  request: PreprocessRequest,
  { options, source, total, wrong, wrongLines, decoder }: Run,
): Promise<PreprocessSummary> {
  const { signal, onEvent } = request;
  const kind = await cacheKind(options, { ...decoder.tools, ...request.tools }, signal);
  const part = request.part ?? options.shard;
  const attempt = await attemptAt(request.cache, part, kind, options.scratch);
  const cache = attempt?.folder ?? request.cache;
  const writer = await openCacheWriter(cache, {
    ...kind,
    ...(attempt !== null && { known: attempt.known, held: attempt.unlock }),
    ...(request.shardBytes !== undefined && { shardBytes: request.shardBytes }),
  });
  try {
    await warnOfSpace(writer, total * options.clips, options, onEvent);
    const quarantine = await Quarantine.open(cache);
    const ledger = new RunLedger({
      quarantine,
      policy: failureLimit(options.maxFailures, total + wrongLines),
      total,
      retryFailed: options.retryFailed,
      onEvent,
    });
    let stopped: unknown = null;
    try {
      // Of a list in parts, one of them tells what is wrong with it.
      if ((part?.index ?? 0) === 0) await ledger.wrongLines(source.path, wrong, wrongLines);
      await runPipeline(
        stagesOf(source, {
          options,
          cores: { ...request.stages, ...decoder.stages },
          writer,
          quarantine,
          ledger,
          pooled: request.stages?.decode === undefined,
        }),
        { signal },
      );
    } catch (error) {
      // These two leave nothing undone but what is left of the list: the cache is sealed as it is.
      if (signal?.aborted !== true && !(error instanceof TooManyFailuresError)) throw error;
      stopped = error;
    } finally {
      await quarantine.close();
    }
    await writer.seal();
    const outcome = await endAttempt(attempt, stopped !== null);
    if (stopped instanceof TooManyFailuresError) throw stopped;
    return {
      ...ledger.tally.counts(),
      interrupted: stopped !== null,
      ...(outcome !== undefined && { outcome }),
    };
  } catch (error) {
    await writer.close();
    throw attempt === null ? error : await attempt.abandon(error);
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

interface PipelineParts {
  readonly options: PreprocessOptions;
  readonly cores: Partial<PreprocessStages>;
  readonly writer: CacheWriter;
  readonly quarantine: Quarantine;
  readonly ledger: RunLedger;
  /** The stage that decodes takes memory for frames from a pool and keeps none of it. */
  readonly pooled: boolean;
}

/** The source as it is: what is wanted of it was selected before, and a part of it may be empty. */
function recordsOf(source: VideoSource): Readable {
  async function* records(): AsyncGenerator<VideoRecord> {
    // What is wrong has been told of by then.
    const passOver = () => undefined;
    for await (const entry of source.entries(passOver, passOver))
      yield { entry, configuration: {} };
  }
  return Readable.from(records(), { objectMode: true, highWaterMark: 1 });
}

/** The stages of a run, from the list to the cache; clips arrive in the order of the list. */
function stagesOf(
  source: VideoSource,
  { options, cores, writer, quarantine, ledger, pooled }: PipelineParts,
): [Readable, ...StageStream[], Writable] {
  const { jobs, timeout, memory, seed, patch, mel, store, quality } = options;
  const { frames, stride, clips, sampling } = options;
  const { size, storeSize, fit, videoStream, audioStream } = options;
  const failing = { onFailure: ledger.failed };
  const several = { ...failing, concurrency: jobs };
  // Clips take from a blink to seconds: while one of them is waited for, those behind it are made.
  const ahead = { ...several, window: 2 * jobs };
  const limits = { timeout, memory };
  const { hash, index: indexCore, sample: sampleCore, decode: decodeCore, mask, mfcc: mfccCore, logMel: logMelCore } = cores; // prettier-ignore
  const missing = { writer, quarantine, ledger, clips, retryFailed: options.retryFailed };
  const streams: StageStream[] = [
    missingClips({ ...missing, hash, ...ahead }),
    index({ videoStream, audioStream, ...limits, core: indexCore, ...ahead }),
    sample({ frames, stride, clips, sampling, seed, core: sampleCore, ...failing }),
    decode({ size, storeSize, fit, ...limits, core: decodeCore, pooled, ...ahead }),
    tubeMask({ ratio: options.maskRatio, patch, seed, core: mask, ...failing }),
    mfcc({ kind: options.mfcc, core: mfccCore, ...failing }),
    ...(mel > 0 ? [logMel({ bands: mel, core: logMelCore, ...failing })] : []),
  ] as StageStream[];
  const sink = shardCache(writer, { store, quality, onStored: ledger.stored, ...several });
  return [recordsOf(source), ...streams.map((stream) => ledger.watch(stream)), ledger.watch(sink)];
}
