import { stat } from 'node:fs/promises';
import { cacheIdentity, type CacheIdentity } from '../../cache/manifest/manifest.js';
import { checkAddable } from '../../cache/folder/addable.js';
import { openCache } from '../../cache/reader.js';
import { quarantineFolder } from '../../cache/parts/head.js';
import { readQuarantine } from '../../cache/quarantine.js';
import type { VideoEntry } from '../../cache/records.js';
import { cacheFolder, cacheKind } from './cache-kind.js';
import { probeRun, type EstimateRequest, type ProbeResult } from './dry-run-probe.js';
import { namedDecoder } from './decoder.js';
import { freeBytes } from './free-space.js';
import { preprocessOptions, type PreprocessOptions } from './options.js';
import { Spread } from './spread.js';
import { sourceOf, survey } from './survey.js';

/** What a run of preprocessing would come to. */
export interface Estimate {
  /** Videos (or segments) in the source. */
  readonly videos: number;
  /** Files that are passed over, by extension. */
  readonly ignored: Readonly<Record<string, number>>;
  /** Lines of the list that are wrong. */
  readonly wrongLines: number;
  /** Videos of which there is no file. */
  readonly missing: number;
  /** Videos that the cache has, as far as their names say. */
  readonly present: number;
  /** Videos that are in quarantine and stay there. */
  readonly quarantined: number;
  /** Videos that would be worked on. */
  readonly pending: number;
  /** What was tried. */
  readonly probe: ProbeResult;
  /** Clips that would be written; this, bytes and seconds are estimates. */
  readonly clips: number;
  readonly bytesPerClip: number;
  readonly bytes: number;
  /** Bytes that are free where the cache is, or would be. */
  readonly freeBytes: number;
  readonly fits: boolean;
  readonly seconds: number;
  /** Videos that would be worked on at once. */
  readonly jobs: number;
}

/** Enough that every job has had several, and that a few odd videos do not decide. */
const probeVideos = (jobs: number) => Math.max(8, 2 * jobs);

/** What of the source the cache has to do with, by name. */
async function known(folder: string, identity: CacheIdentity, { retryFailed }: PreprocessOptions) {
  const present = new Set<string>();
  const quarantined = new Set<string>();
  const manifest = await checkAddable(folder, identity);
  if (manifest === undefined) return { present, quarantined };
  const reader = await openCache(folder);
  for (let i = 0; i < reader.size; i++) present.add(reader.entry(i).id);
  await reader.close();
  if (!retryFailed)
    for (const { id } of await readQuarantine(quarantineFolder(folder, manifest)))
      quarantined.add(id);
  return { present, quarantined };
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/**
 * Says what {@link preprocess} of the same request would come to, before it is begun: walks the
 * source, looks into the cache, and preprocesses a few videos, spread over the list, into a temporary
 * folder. Nothing is written where the cache is.
 * @throws Error when the source is missing or empty; CacheError when it could not be added to the cache
 */
export async function estimatePreprocess(request: EstimateRequest): Promise<Estimate> {
  const options = preprocessOptions.parse(request.options ?? {});
  const { signal } = request;
  const replaced = request.stages?.index !== undefined || request.stages?.decode !== undefined;
  const decoder = await namedDecoder(request.cache, options, replaced);
  const tools = { ...decoder.tools, ...request.tools };
  const kind = await cacheKind(options, tools, signal);
  const { configuration, shape } = kind;
  const cache = await cacheFolder(request.cache, options, kind);
  const { present, quarantined } = await known(
    cache,
    cacheIdentity(configuration, kind.tools, shape),
    options,
  );
  const source = await sourceOf(request, options);
  const counts = { missing: 0, present: 0, quarantined: 0, pending: 0 };
  const chosen = new Spread<VideoEntry>(probeVideos(options.jobs));
  const visit = async (entry: VideoEntry) => {
    if (present.has(entry.id)) counts.present++;
    else if (quarantined.has(entry.id)) counts.quarantined++;
    else if (!(await isThere(entry.path))) counts.missing++;
    else {
      counts.pending++;
      chosen.add(entry);
    }
  };
  const { total: videos, ignored, wrongLines } = await survey(source, { signal, strict: options.strict, visit }); // prettier-ignore
  const probe = await probeRun(source, chosen.items(), request, options);
  const fraction = counts.pending / Math.max(1, probe.videos);
  const bytesPerClip = probe.bytes / Math.max(1, probe.clips);
  const clips = Math.round(fraction * probe.clips);
  const bytes = Math.round(clips * bytesPerClip);
  const free = await freeBytes(cache);
  return {
    videos,
    ignored,
    wrongLines,
    ...counts,
    probe,
    clips,
    bytesPerClip: Math.round(bytesPerClip),
    bytes,
    freeBytes: free,
    fits: bytes <= free,
    // Those that the cache has are read, too, to see that they are the same.
    seconds: fraction * probe.seconds + (counts.present * probe.readSeconds) / options.jobs,
    jobs: options.jobs,
  };
}
