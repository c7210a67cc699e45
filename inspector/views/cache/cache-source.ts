import { setTimeout } from 'node:timers/promises';
import { CacheError } from '../../../cache/manifest/manifest.js';
import { CorruptRecordError } from '../../../cache/codec/codec.js';
import { openCache, type CacheReader } from '../../../cache/reader.js';
import { readQuarantine } from '../../../cache/quarantine.js';
import type { Sample } from '../../../cache/records.js';
import type { Count, ListAnswer, ListedSample, Neighbour, OverviewAnswer } from '../answers.js';
import { filterTest, writeFilter, type SampleFilter } from './filter.js';
import { countValues } from './histogram.js';
import { InspectProblem } from '../problem.js';
import { Survey } from './survey.js';

/** More labels or quarantined videos than a page can show are counted, not listed. */
const MOST_LISTED = 1000;
/** Filters whose results are kept: going back and forth between a few of them costs nothing. */
const KEPT_FILTERS = 8;
/** Seconds before a cache that is being written is read again. */
const STALE = 2;

/** A cache in the state that it was in when it was opened. */
interface Snapshot {
  readonly reader: CacheReader;
  readonly survey: Survey;
  readonly read: Date;
  readonly filtered: Map<string, Int32Array>;
  readonly splits: readonly Count[];
}

/** Says in the words of the API what is wrong with a cache or a record. */
function problemOf(error: unknown): unknown {
  if (error instanceof CorruptRecordError || error instanceof CacheError)
    return new InspectProblem(422, error.message, { cause: error });
  if (error instanceof RangeError) return new InspectProblem(404, error.message, { cause: error });
  return error;
}

/** One cache, opened when it is first asked for, and answers about it. */
export class CacheSource {
  #snapshot: Promise<Snapshot> | undefined;

  constructor(readonly folder: string) {}

  /**
   * The cache as it is now, where it grows; else as it was opened.
   * @throws InspectProblem 422 when it cannot be opened
   */
  async reader(): Promise<CacheReader> {
    return (await this.#open()).reader;
  }

  async overview(fresh: boolean): Promise<OverviewAnswer> {
    const { reader, survey, read, splits } = await this.#open(fresh);
    const quarantine = await readQuarantine(this.folder);
    const { manifest } = reader;
    const { statistics } = manifest;
    const labels = Object.entries(statistics.labels).sort(([, a], [, b]) => b - a);
    return {
      folder: this.folder,
      samples: reader.size,
      sealed: manifest.sealed,
      read: read.toISOString(),
      shards: manifest.shards.length,
      bytes: manifest.shards.reduce((sum, shard) => sum + shard.bytes, 0),
      fingerprint: manifest.fingerprint,
      schema: manifest.schema,
      configuration: manifest.configuration,
      tools: manifest.tools,
      shape: manifest.shape,
      statistics: { pixel: statistics.pixel, mfcc: statistics.mfcc },
      labels: [
        ...labels.slice(0, MOST_LISTED),
        ...(statistics.unlabelled > 0 ? [['', statistics.unlabelled] as const] : []),
      ],
      labelCount: labels.length,
      splits,
      quarantined: quarantine.length,
      quarantine: quarantine
        .slice(0, MOST_LISTED)
        .map(({ path, stage, cause, detail, time }) => ({ path, stage, cause, detail, time })),
      audioPresent: statistics.audioPresent,
      surveyed: survey.progress,
      survey: survey.answer(),
    };
  }

  /** Waits until every header has been read. */
  async surveyed(): Promise<void> {
    await (
      await this.#open()
    ).survey.done;
  }

  /** A part of the filtered list. */
  async list(filter: SampleFilter, from: number, count: number): Promise<ListAnswer> {
    const snapshot = await this.#open();
    const indices = await this.#filtered(snapshot, filter);
    const items = Array.from(indices.subarray(from, from + count), (i) => listed(snapshot, i));
    return { total: indices.length, of: snapshot.reader.size, from, items };
  }

  /** Where a sample stands in the filtered list, and what stands beside it. */
  async neighbours(index: number, filter: SampleFilter) {
    const snapshot = await this.#open();
    const indices = await this.#filtered(snapshot, filter);
    const position = indices.indexOf(index);
    const at = (place: number): Neighbour | null => {
      const found = position < 0 ? undefined : indices[place];
      return found === undefined ? null : { index: found, key: snapshot.reader.entry(found).key };
    };
    return {
      position: position < 0 ? null : position,
      total: indices.length,
      previous: at(position - 1),
      next: at(position + 1),
    };
  }

  /** The number of the sample with this key. @throws InspectProblem 404 */
  async find(key: string): Promise<number> {
    const index = (await this.reader()).find(key);
    if (index === undefined)
      throw new InspectProblem(404, `the cache holds no sample with the key ${key.slice(0, 80)}`);
    return index;
  }

  /** @throws InspectProblem 404 when there is no such sample, 422 when its record is damaged */
  async sample(index: number): Promise<Sample> {
    const reader = await this.reader();
    try {
      return await reader.read(index);
    } catch (error) {
      throw problemOf(error);
    }
  }

  async close(): Promise<void> {
    const snapshot = await this.#snapshot?.catch(() => undefined);
    this.#snapshot = undefined;
    snapshot?.survey.stop();
    await snapshot?.reader.close();
  }

  async #filtered(snapshot: Snapshot, filter: SampleFilter): Promise<Int32Array> {
    const { reader, survey, filtered } = snapshot;
    const name = writeFilter(filter);
    const known = filtered.get(name);
    if (known !== undefined) return known;
    // Flags and paths stand in the headers.
    if (filter.flags.length > 0 || filter.search !== '') await survey.done;
    const test = filterTest(filter);
    const chosen = new Int32Array(reader.size);
    let count = 0;
    for (let i = 0; i < reader.size; i++) {
      const { id, label, split } = reader.entry(i);
      const fields = { id, label, split, flags: survey.flags[i] ?? 0, path: survey.paths[i] ?? '' };
      if (test(fields)) chosen[count++] = i;
    }
    const indices = chosen.slice(0, count);
    const oldest = filtered.keys().next();
    if (filtered.size >= KEPT_FILTERS && oldest.done !== true) filtered.delete(oldest.value);
    filtered.set(name, indices);
    return indices;
  }

  async #open(fresh = false): Promise<Snapshot> {
    if (fresh && this.#snapshot !== undefined) await this.#closeStale(this.#snapshot);
    this.#snapshot ??= this.#read();
    try {
      return await this.#snapshot;
    } catch (error) {
      // The folder may be whole again when it is asked for next.
      this.#snapshot = undefined;
      throw problemOf(error);
    }
  }

  /** A cache that is being written is read again when that is asked for. */
  async #closeStale(opened: Promise<Snapshot>): Promise<void> {
    const { reader, survey, read } = await opened;
    const age = (Date.now() - read.getTime()) / 1000;
    if (reader.manifest.sealed || age < STALE || this.#snapshot !== opened) return;
    this.#snapshot = undefined;
    survey.stop();
    // Who has the old reader in hand finishes within the turn.
    await setTimeout(0);
    await reader.close();
  }

  async #read(): Promise<Snapshot> {
    const reader = await openCache(this.folder);
    const splits = countValues(
      Array.from({ length: reader.size }, (_, i) => reader.entry(i).split ?? ''),
    );
    return { reader, survey: new Survey(reader), read: new Date(), filtered: new Map(), splits };
  }
}

function listed({ reader, survey }: Snapshot, index: number): ListedSample {
  const { key, id, clip, label, split } = reader.entry(index);
  // A header that was not read yet has no path.
  const flags = survey.paths[index] === undefined ? null : (survey.flags[index] ?? null);
  return { index, key, id, clip, label, split, flags };
}
