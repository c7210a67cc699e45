import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_FILE } from '../../cache/manifest/manifest.js';
import type { SampleHeader } from '../../cache/records.js';
import type { EmbeddingRow, FailureRow } from '../../stages/exchange/embeddings/rows.js';
import { createRepresenter } from '../../stages/evaluate/represent.js';
import type { ClipBatch } from '../../stages/batch/batch.js';
import type { StageCounters } from '../../stages/stream.js';
import { evaluatedClips } from '../evaluate/clips.js';
import { secondsSince } from '../evaluate/work.js';
import { spreadClips } from '../evaluate/views.js';
import { openRunFor, type OpenedRun, type RunChoice } from '../predict/open-run.js';
import { shownVideos } from '../predict/shown-videos.js';
import { openSources, type SourceChoice } from '../predict/sources.js';
import { VideosInOrder, type VideoInHand } from '../predict/videos-in-order.js';
import { stageReport, type StageReport } from '../preprocess/tally.js';
import { checkFit } from '../training/model-choice.js';
import { openTrainingData, type DataOptions } from '../training/data/training-data.js';
import type { NoteEvent } from '../training/run/run-statistics.js';
import { embedOptionsOf, type EmbedOptions } from './embed-options.js';

export interface EmbedRequest extends Omit<EmbedOptions, 'ema'>, RunChoice {
  /** A cache; or videos, folders, lists, `-` for paths on stdin, or sources; one or several. */
  readonly source: SourceChoice | readonly SourceChoice[];
  /** Which samples of a cache; default all. */
  readonly data?: DataOptions | undefined;
  /** Clips that are embedded already; of videos, all that have one are passed over. */
  readonly skip?: readonly Pick<EmbeddingRow, 'key' | 'id' | 'path'>[] | undefined;
  readonly onEvent?: ((event: EmbedEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A clip as a vector. */
export interface Embedding extends EmbeddingRow {
  readonly kind: 'embedding';
  readonly vector: Float32Array;
  /** Of the vector: `[width]`, or with `tokens` `[slots, rows, columns, width]`. */
  readonly shape: readonly number[];
}

export type EmbedResult = Embedding | (FailureRow & { readonly kind: 'failure' });

export interface EmbedSummary {
  readonly clips: number;
  readonly failed: number;
  readonly seconds: number;
  readonly modelSeconds: number;
  /** Of reading videos; none of a cache. */
  readonly stages: readonly StageReport[];
}

export type EmbedEvent =
  | { readonly event: 'progress'; readonly clips: number }
  | ({ readonly event: 'done' } & EmbedSummary)
  | NoteEvent;

type Options = ReturnType<typeof embedOptionsOf>;

/** Names the files of one entry of a list. */
const nameOf = ({ id, path }: { readonly id: string; readonly path: string }) => JSON.stringify([id, path]); // prettier-ignore

function rowOf({ key, id, path, label, split, clip, span, flags }: SampleHeader): EmbeddingRow {
  return { key, id, path, label, split, clip, start: span[0], end: span[1], sound: flags.audioPresent }; // prettier-ignore
}

function failuresOf({ entry: { id, path }, failures }: VideoInHand<unknown>): EmbedResult[] {
  return failures.map(({ span, stage, cause, detail }) => {
    return { kind: 'failure', id, path, start: span?.[0] ?? null, end: span?.[1] ?? null, stage, cause, detail }; // prettier-ignore
  });
}

/** Clips to represent, or none. */
interface Shown {
  readonly batch?: ClipBatch | undefined;
  readonly rows: readonly EmbeddingRow[];
  /** What failed before these clips. */
  readonly failures: readonly EmbedResult[];
}

async function* ofCache(request: EmbedRequest, path: string, options: Options, { config, format }: OpenedRun): AsyncGenerator<Shown> {
  const { sound, batch, blur, lowRes } = options;
  await using data = await openTrainingData(path, request.data ?? {});
  const [{ reader, indices }] = data.sources;
  checkFit(config, reader.manifest.shape);
  const done = new Set(request.skip?.map(({ key }) => key));
  const all = indices ?? Array.from({ length: reader.size }, (_, i) => i);
  const left = all.filter((index) => !done.has(reader.entry(index).key));
  const { statistics } = format.manifest;
  const clips = { config, purpose: 'classify', batch, sound, statistics, worse: { blur, lowRes } } as const;
  const shown = evaluatedClips({ ...clips, source: { reader, indices: left }, seed: 0, maskRatio: 0.5 });
  for await (const { batch, indices } of shown) {
    request.signal?.throwIfAborted();
    yield { batch, rows: indices.map((index) => rowOf(reader.header(index))), failures: [] };
  }
} // prettier-ignore

async function* ofVideos(
  { source, skip, onEvent, signal }: EmbedRequest,
  options: Options,
  opened: OpenedRun,
  onEnd: (stages: readonly StageCounters[]) => void,
): AsyncGenerator<Shown> {
  const done = new Set(skip?.map(nameOf));
  const all = await openSources([source].flat(), { ...options, shard: null }, onEvent, signal);
  async function* left() {
    for await (const entry of all) if (!done.has(nameOf(entry))) yield entry;
  }
  const { every, clips = opened.options.clips } = options;
  const videos = new VideosInOrder(() => undefined);
  let begun = 0;
  const shown = shownVideos(opened, 'classify', {
    ...options,
    entries: left(),
    choice: every === undefined ? { kind: 'spread', clips, chosen: spreadClips(clips, clips) } : { kind: 'sliding', every }, // prettier-ignore
    worse: options,
    onEntry(number, entry) {
      begun = number + 1;
      videos.add(number, entry);
    },
    onFailure: videos.fail,
    onEnd,
    signal,
  });
  const complete = (number: number) => [...videos.before(number)].flatMap(failuresOf);
  for await (const { batch, tags } of shown) {
    signal?.throwIfAborted();
    yield { batch, rows: tags.map(({ header }) => rowOf(header)), failures: complete(tags.at(-1)?.number ?? 0) }; // prettier-ignore
  }
  yield { rows: [], failures: complete(begun) };
}

/** The one source, where it is a cache. */
async function cacheOf({ source }: EmbedRequest): Promise<string | undefined> {
  const [first, ...others] = [source].flat();
  if (typeof first !== 'string' || first === '-' || others.length > 0) return undefined;
  const found = await stat(join(first, MANIFEST_FILE)).catch(() => undefined);
  return found === undefined ? undefined : first;
}

/**
 * Represents clips by vectors: of the videos that no cache holds, as {@link predict} makes them, or of a
 * cache. Vectors are float32, a mean over tokens or all of them.
 * @returns in the order of the sources, a result a clip; failures where a video, or a clip, cannot be read
 * @throws Error when run and cache do not fit each other; RangeError when the run has no such
 *   representation; ZodError naming an option that is wrong
 */
export async function* embed(request: EmbedRequest): AsyncGenerator<EmbedResult, void> {
  const start = performance.now();
  const { run, checkpoint, ema, backend, onEvent } = request;
  const options = embedOptionsOf(request);
  const opened = await openRunFor({ run, checkpoint, ema, backend }, options);
  for (const note of opened.notes) onEvent?.(note);
  const cache = await cacheOf(request);
  const { config, weights } = opened;
  const model = createRepresenter(config, opened.run.classifier?.head, weights.tensors, options);
  const counts = { clips: 0, failed: 0, modelSeconds: 0 };
  let stages: readonly StageCounters[] = [];
  const onEnd = (counters: readonly StageCounters[]) => { stages = counters; }; // prettier-ignore
  try {
    const shown = cache === undefined ? ofVideos(request, options, opened, onEnd) : ofCache(request, cache, options, opened); // prettier-ignore
    for await (const { batch, rows, failures } of shown) {
      counts.failed += failures.length;
      yield* failures;
      if (batch === undefined) continue;
      const began = performance.now();
      const { values, shape } = await model.represent(batch);
      counts.modelSeconds += secondsSince(began);
      const size = values.length / rows.length;
      for (const [i, row] of rows.entries())
        yield { kind: 'embedding', ...row, vector: values.slice(i * size, (i + 1) * size), shape };
      counts.clips += rows.length;
      onEvent?.({ event: 'progress', clips: counts.clips });
    }
  } finally {
    model.dispose();
  }
  const seconds = secondsSince(start);
  onEvent?.({
    ...{ event: 'done', ...counts, seconds },
    stages: stages.map((counters) => stageReport(counters, seconds)),
  });
}
