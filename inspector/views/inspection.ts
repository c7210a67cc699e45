import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { listParts } from '../../cache/merge/parts.js';
import { avmeVersion } from '../../pipeline/version.js';
import type { SourceEntry, SourcesAnswer } from './answers.js';
import { BoundedCache } from './bounded-cache.js';
import { CacheSource } from './cache/cache-source.js';
import { ModelView, type RunWithCache } from './model/model-view.js';
import { filmStrip, thumbnail, type PictureFormat } from './pictures.js';
import { InspectProblem } from './problem.js';
import { cachesNamedBy, RunSource } from './run/run-source.js';
import { drawRunSheet } from './sheets.js';
import { shortNames } from './short-names.js';

/** Shorter side of a thumbnail in pixels: sharp on a dense screen, a few KB each. */
const THUMBNAIL = 160;
/** Some ten thousand thumbnails. */
const HELD_BYTES = 64 * 2 ** 20;

const isThere = (path: string) => access(path).then(() => true, () => false); // prettier-ignore

/** What an inspection looks at: folders of caches and of runs, and nothing else. */
export class Inspection {
  readonly models: ModelView;
  readonly #pictures = new BoundedCache<Buffer>(HELD_BYTES, (picture) => picture.length);
  #last: Promise<unknown> = Promise.resolve();
  readonly #cachesOfRuns = new Map<number, Promise<number | string>>();

  private constructor(
    readonly caches: CacheSource[],
    readonly runs: readonly RunSource[],
    private readonly version: string,
    backend: string,
  ) {
    this.models = new ModelView(backend);
  }

  /**
   * Sorts folders into caches and runs; what is in them is read when it is asked for.
   * @param backend that models are asked on
   * @throws Error when a folder is neither
   */
  static async open(folders: readonly string[], backend: string): Promise<Inspection> {
    const caches: CacheSource[] = [];
    const runs: RunSource[] = [];
    for (const folder of new Set(folders.map((given) => resolve(given)))) {
      if (await isThere(join(folder, 'manifest.json'))) caches.push(new CacheSource(folder));
      else if (await isThere(join(folder, 'run.json'))) runs.push(new RunSource(folder));
      else if ((await listParts(folder)).length > 0)
        throw new Error(
          `${folder} holds parts that are not joined; join them with avme merge ${folder}`,
        );
      else if (await isThere(folder))
        throw new Error(
          `${folder} is not an avme cache and not a run: it has no manifest.json and no run.json; give a folder that avme preprocess --cache or avme pretrain --run wrote`,
        );
      else
        throw new Error(
          `there is no folder ${folder}; make a cache with avme preprocess, or a run with avme pretrain, first`,
        );
    }
    return new Inspection(caches, runs, await avmeVersion(), backend);
  }

  async sources(): Promise<SourcesAnswer> {
    // Asked first: it may bring in caches that only a run names.
    const cacheOfRun = await Promise.all(this.runs.map((_, run) => this.#cacheOf(run)));
    const entries = (kind: SourceEntry['kind'], all: readonly { readonly folder: string }[]) => {
      const names = shortNames(all.map(({ folder }) => folder));
      return all.map(({ folder }, id) => ({ kind, id, name: names[id] ?? folder, folder }));
    };
    return {
      version: this.version,
      sources: [...entries('run', this.runs), ...entries('cache', this.caches)],
      cacheOfRun,
    };
  }

  /** @throws InspectProblem 404 */
  cache(id: number): CacheSource {
    const cache = this.caches[id];
    if (cache === undefined) throw new InspectProblem(404, `there is no cache ${id} here`);
    return cache;
  }

  /** @throws InspectProblem 404 */
  run(id: number): RunSource {
    const run = this.runs[id];
    if (run === undefined) throw new InspectProblem(404, `there is no run ${id} here`);
    return run;
  }

  /** A run with the cache that it learned from. @throws InspectProblem 404, 422 when there is none */
  async runWithCache(id: number): Promise<RunWithCache> {
    const { folder } = this.run(id);
    const cache = await this.#cacheOf(id);
    if (typeof cache === 'string') throw new InspectProblem(422, cache);
    return { run: id, folder, cache: this.cache(cache) };
  }

  async thumbnail(cache: number, index: number): Promise<Buffer> {
    const source = this.cache(cache);
    const { key } = (await source.reader()).entry(await checked(source, index));
    return this.#pictures.get(`${cache} ${key}`, async () =>
      thumbnail(await source.sample(index), THUMBNAIL),
    );
  }

  /** The frames of a sample, one under the other. @param side shorter side of a frame, at most */
  async film(cache: number, index: number, format: PictureFormat, side?: number): Promise<Buffer> {
    const { header, frames } = await this.cache(cache).sample(index);
    return filmStrip([frames], header.height, header.width, format, side);
  }

  /** The losses of all runs as a picture. @returns PNG */
  runSheet(): Promise<Buffer> {
    return drawRunSheet(this.runs);
  }

  async close(): Promise<void> {
    this.models.close();
    await Promise.all(this.caches.map((cache) => cache.close()));
  }

  /** The number of a run's cache, or why it has none. */
  #cacheOf(run: number): Promise<number | string> {
    const known = this.#cachesOfRuns.get(run);
    if (known !== undefined) return known;
    // One after the other: two runs that name the same cache share it.
    const found = this.#last.then(() => this.#findCache(run));
    this.#last = found.catch(() => undefined);
    this.#cachesOfRuns.set(run, found);
    return found;
  }

  /**
   * The first that can be opened of the caches that a run learned from: where it names it, or among
   * those that were given, where it may have been moved to.
   */
  async #findCache(run: number): Promise<number | string> {
    const named = await this.run(run)
      .describe()
      .then(cachesNamedBy, () => []);
    let why = 'the run does not say which cache it learned from';
    for (const { path, fingerprint } of named) {
      const given = await this.#given(path, fingerprint);
      if (given !== undefined) return given;
      const source = new CacheSource(path);
      try {
        if ((await source.reader()).manifest.fingerprint === fingerprint)
          return this.caches.push(source) - 1;
        why = `the cache in ${path} is not the one that the run learned from; give the right one too: avme inspect RUN CACHE`;
      } catch (error) {
        why = `the cache that the run learned from cannot be opened: ${(error as Error).message}`;
      }
      await source.close();
    }
    return why;
  }

  /** A cache that is looked at already: the one in this folder, else one of the same kind. */
  async #given(path: string, fingerprint: string): Promise<number | undefined> {
    const kinds = await Promise.all(
      this.caches.map((source) =>
        source.reader().then(
          ({ manifest }) => manifest.fingerprint,
          () => '',
        ),
      ),
    );
    const same = kinds.flatMap((kind, id) => (kind === fingerprint ? [id] : []));
    return same.find((id) => this.caches[id]?.folder === resolve(path)) ?? same[0];
  }
}

/** @throws InspectProblem 404 */
async function checked(source: CacheSource, index: number): Promise<number> {
  const { size } = await source.reader();
  if (index < size) return index;
  throw new InspectProblem(404, `there is no sample ${index}: the cache holds ${size}, numbered from 0`); // prettier-ignore
}
