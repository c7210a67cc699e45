import { dropBad } from '../../cache/verify/drop.js';
import { MANIFEST_FILE, type Manifest } from '../../cache/manifest/manifest.js';
import { surveyCache, type SurveyedShard } from '../../cache/verify/survey.js';
import type { BadSample, VerifyChunk, VerifyRules } from '../../cache/verify/chunk.js';
import { maskedPositions } from '../../stages/mask/tube-mask.js';
import { verifyInThreads } from './worker-pool.js';
import { verifyOptions, type VerifyInput } from './options.js';
import { ShardTally } from './tally.js';

/** Told while a cache is verified; `avme verify --json` prints it. */
export type VerifyEvent =
  | {
      readonly event: 'start';
      readonly samples: number;
      readonly bytes: number;
      readonly shards: number;
    }
  | {
      readonly event: 'progress';
      /** Samples read, and how many there are. */
      readonly done: number;
      readonly total: number;
      /** Bytes of records read, and how many there are. */
      readonly bytes: number;
      readonly totalBytes: number;
      readonly bad: number;
      readonly seconds: number;
    }
  /** A sample that must not be used; `id`, `clip` and `label` are null where its header is lost. */
  | {
      readonly event: 'bad';
      readonly key: string;
      readonly id: string | null;
      readonly clip: number | null;
      readonly label: string | null;
      readonly shard: string;
      readonly problem: string;
    }
  /** A file that is not as it should be, and how many samples cannot even be found for it. */
  | {
      readonly event: 'damaged';
      readonly file: string;
      readonly problem: string;
      readonly missing: number;
    }
  /** A shard that another process is writing. */
  | { readonly event: 'skipped'; readonly shard: string };

export interface VerifySummary {
  /** Samples that were read and are good. */
  readonly good: number;
  readonly bad: number;
  /** Samples that cannot be found. */
  readonly missing: number;
  /** Files that are not as they should be. */
  readonly damaged: number;
  /** Samples that were taken out of the cache, those that cannot be found included. */
  readonly dropped: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly interrupted: boolean;
}

export interface VerifyRequest {
  readonly cache: string;
  readonly options?: VerifyInput;
  readonly onEvent?: (event: VerifyEvent) => void;
  /** Ends it early; then nothing is dropped. */
  readonly signal?: AbortSignal;
}

/** A chunk is so much at most: enough to keep a thread busy, little enough to show progress. */
const CHUNK = { rows: 256, bytes: 32 * 1024 ** 2 };

interface ShardChunk extends VerifyChunk {
  readonly tally: number;
}

/** The samples of a shard in the order in which they lie on the disk. */
function* chunksOf({ path, rows }: SurveyedShard, tally: number): Generator<ShardChunk> {
  const inPlace = [...rows].sort((a, b) => a.recordAt - b.recordAt);
  for (let start = 0; start < inPlace.length;) {
    let [end, bytes] = [start, 0];
    while (end < inPlace.length && end - start < CHUNK.rows && bytes < CHUNK.bytes)
      bytes += inPlace[end++]?.recordBytes ?? 0;
    yield { path, tally, rows: inPlace.slice(start, end) };
    start = end;
  }
}

function* allChunks(shards: readonly SurveyedShard[]): Generator<ShardChunk> {
  for (const [tally, shard] of shards.entries()) yield* chunksOf(shard, tally);
}

function rulesOf({ schema, shape, configuration }: Manifest, deep: boolean): VerifyRules {
  const { maskRatio } = configuration;
  const masked = typeof maskRatio === 'number' ? maskedPositions(shape.positions, maskRatio) : null;
  return { schema, shape, masked, deep };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** What is known before any sample is read. @returns how many samples and files it concerns */
function reportSurvey(shards: readonly SurveyedShard[], onEvent: (event: VerifyEvent) => void) {
  let [bad, missing, damaged] = [0, 0, 0];
  for (const { entry, live, problem, lost, missing: gone } of shards) {
    if (live) onEvent({ event: 'skipped', shard: entry.file });
    if (problem !== null) {
      damaged++;
      missing += gone;
      onEvent({ event: 'damaged', file: entry.file, problem, missing: gone });
    }
    for (const { key, problem: why } of lost) {
      bad++;
      const unknown = { id: null, clip: null, label: null };
      onEvent({ event: 'bad', key, ...unknown, shard: entry.file, problem: why });
    }
  }
  return { bad, missing, damaged };
}

/**
 * Reads every record of a cache and checks all there is to check; damage is reported and does not
 * stop it.
 * @throws CacheError when there is no cache, its manifest cannot be used, or what is bad cannot be
 *   dropped
 */
export async function verifyCache(request: VerifyRequest): Promise<VerifySummary> {
  const { cache, signal } = request;
  const { jobs, deep, drop } = verifyOptions.parse(request.options ?? {});
  const onEvent = request.onEvent ?? (() => undefined);
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const { manifest, shards } = await surveyCache(cache);
  const total = sum(shards.map(({ rows }) => rows.length));
  const totalBytes = sum(shards.flatMap(({ rows }) => rows.map((row) => row.recordBytes)));
  onEvent({ event: 'start', samples: total, bytes: totalBytes, shards: shards.length });
  const survey = reportSurvey(shards, onEvent);
  let { bad, damaged } = survey;
  let [done, bytes, good] = [0, 0, 0];
  const tallies = shards.map((shard) => new ShardTally(shard, manifest));
  const reportBad = (file: string, { entry, problem }: BadSample) => {
    const { key, id, clip, label } = entry;
    onEvent({ event: 'bad', key, id, clip, label, shard: file, problem });
  };
  await verifyInThreads(
    allChunks(shards),
    rulesOf(manifest, deep),
    jobs,
    (chunk, verified) => {
      const tally = tallies[chunk.tally];
      tally?.add(verified);
      for (const sample of verified.bad) reportBad(tally?.shard.entry.file ?? '', sample);
      bad += verified.bad.length;
      done += chunk.rows.length;
      good += chunk.rows.length - verified.bad.length;
      bytes += sum(chunk.rows.map((row) => row.recordBytes));
      onEvent({ event: 'progress', done, total, bytes, totalBytes, bad, seconds: seconds() });
    },
    signal,
  );
  const interrupted = signal?.aborted === true && done < total;
  if (!interrupted)
    for (const problem of [
      ...tallies.map((tally) => tally.sumsProblem()),
      ShardTally.statisticsProblem(tallies, manifest),
    ])
      if (problem !== null) {
        damaged++;
        onEvent({ event: 'damaged', file: MANIFEST_FILE, problem, missing: 0 });
      }
  const { missing } = survey;
  const found = bad + missing + damaged > 0;
  if (drop && found && !interrupted)
    await dropBad(
      cache,
      manifest,
      tallies.map((tally) => tally.verdict()),
    );
  const dropped = drop && !interrupted ? bad + missing : 0;
  return { good, bad, missing, damaged, dropped, bytes, seconds: seconds(), interrupted };
}
