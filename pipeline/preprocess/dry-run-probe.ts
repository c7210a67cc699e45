import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { openCache } from '../../cache/reader.js';
import type { VideoEntry } from '../../cache/records.js';
import type { VideoSource } from '../../stages/source/video-source.js';
import { preprocess, type PreprocessRequest } from './preprocess.js';
import type { PreprocessOptions } from './options.js';
import type { PreprocessEvent } from './tally.js';

/** As for {@link preprocess}. */
export interface EstimateRequest extends Omit<PreprocessRequest, 'onEvent' | 'shardBytes'> {
  /** How far the probe is. */
  readonly onProbe?: (done: number, total: number) => void;
}

/** What became of the few videos that were tried. */
export interface ProbeResult {
  readonly videos: number;
  readonly clips: number;
  /** Bytes of the shards that they made. */
  readonly bytes: number;
  readonly seconds: number;
  /** Seconds to read one video's content, of one job. */
  readonly readSeconds: number;
  /** Those that a run would put into quarantine. */
  readonly quarantined: readonly { readonly path: string; readonly cause: string }[];
}

const NOTHING: ProbeResult = { videos: 0, clips: 0, bytes: 0, seconds: 0, readSeconds: 0, quarantined: [] }; // prettier-ignore

/** Preprocesses a few videos of a source into a temporary folder, as the run would. */
export async function probeRun(
  source: VideoSource,
  entries: readonly VideoEntry[],
  { stages, tools, signal, onProbe }: EstimateRequest,
  options: PreprocessOptions,
): Promise<ProbeResult> {
  if (entries.length === 0) return NOTHING;
  const folder = await mkdtemp(join(tmpdir(), 'avme-dry-run-'));
  const quarantined: ProbeResult['quarantined'][number][] = [];
  let readSeconds = 0;
  const onEvent = (event: PreprocessEvent) => {
    if (event.event === 'quarantined') quarantined.push({ path: event.path, cause: event.cause });
    if (event.event !== 'progress') return;
    const read = event.stages.find(({ stage }) => stage === 'read');
    if (read !== undefined) readSeconds = read.busySeconds / Math.max(1, read.items);
    onProbe?.(event.done, event.total);
  };
  try {
    const cache = join(folder, 'cache');
    const { kind, path, root } = source;
    const few: VideoSource = {
      ...{ kind, path, root },
      entries: () => Readable.from(entries),
      fileOf: (entry) => source.fileOf(entry),
    };
    const { videos, written, seconds, interrupted } = await preprocess({
      ...{ source: few, cache, onEvent, options: { ...options, shard: null, maxFailures: null } },
      ...(stages && { stages }),
      ...(tools && { tools }),
      ...(signal && { signal }),
    });
    if (interrupted) signal?.throwIfAborted();
    const reader = await openCache(cache);
    const bytes = reader.manifest.shards.reduce((sum, shard) => sum + shard.bytes, 0);
    await reader.close();
    return { videos, clips: written, bytes, seconds, readSeconds, quarantined };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
