import { createHash } from 'node:crypto';
import type { Inspection } from '../views/inspection.js';
import { address } from '../page/address.js';
import type { Embedded } from '../page/embedded.js';
import { readPage } from './page-files.js';
import type { Answer } from './respond.js';
import { answer } from './routes.js';

/** Samples in a file, of all its caches together: a few MB. */
const MOST_SAMPLES = 200;
/** Clips that each run's pictures are made of. */
const PICTURED = 3;
/** Shorter side of the frames of a film in pixels. */
const FILM_SIDE = 96;
const RUN_SIDE = 112;

export interface HtmlRequest {
  readonly inspection: Inspection;
  /** The sample that a file is about; without it, samples spread over the cache. */
  readonly sample?: number | undefined;
  readonly onProgress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

const spread = (size: number, count: number) =>
  Array.from({ length: Math.min(size, count) }, (_, i) => Math.floor((i * size) / Math.min(size, count))); // prettier-ignore

/** Asks what the page would ask, and keeps the answers. */
class Collection {
  readonly answers: Record<string, unknown> = {};
  readonly pictures: Record<string, string> = {};

  constructor(private readonly request: HtmlRequest) {}

  async take<T>(asked: string): Promise<T> {
    const { body } = await this.#ask(asked);
    const value = JSON.parse(body.toString()) as T;
    this.answers[asked] = value;
    return value;
  }

  /** @param how what the page does not ask for: another form of the same picture */
  async takePicture(asked: string, how = ''): Promise<void> {
    const joint = asked.includes('?') ? '&' : '?';
    const { type, body } = await this.#ask(how === '' ? asked : `${asked}${joint}${how}`);
    this.pictures[asked] = `data:${type};base64,${Buffer.from(body).toString('base64')}`;
  }

  #ask(asked: string): Promise<Answer> {
    const { inspection, signal } = this.request;
    signal.throwIfAborted();
    const [path = '', query = ''] = asked.split('?');
    return answer(inspection, path, new URLSearchParams(query), signal);
  }
}

interface Listed {
  readonly of: number;
  readonly items: unknown[];
}

async function takeCache(
  { inspection, sample, onProgress }: HtmlRequest,
  into: Collection,
  id: number,
  most: number,
  wanted: readonly number[],
): Promise<void> {
  const cache = inspection.cache(id);
  await cache.surveyed();
  await into.take(`caches/${id}`);
  const { size } = await cache.reader();
  const chosen = sample === undefined ? [...spread(size, most), ...wanted] : [sample];
  const indices = [...new Set(chosen)].sort((a, b) => a - b);
  const items: unknown[] = [];
  for (const [done, index] of indices.entries()) {
    onProgress(done, indices.length);
    const path = `caches/${id}/samples/${index}`;
    const { items: found } = await inspection.cache(id).list({ search: '', label: '', split: '', flags: [] }, index, 1); // prettier-ignore
    items.push(...found);
    await into.take(path);
    await into.takePicture(`${path}/thumbnail`);
    // A file about one sample has room for it as it is.
    if (sample === undefined)
      await into.takePicture(`${path}/film`, `format=webp&side=${FILM_SIDE}`); // prettier-ignore
    else await into.takePicture(`${path}/film`);
  }
  const list = { of: size, from: 0, total: items.length, items };
  into.answers[`caches/${id}/samples`] = list satisfies Listed;
}

/** @returns the samples whose pictures were taken, of the run's cache */
async function takeRun(
  { inspection }: HtmlRequest,
  into: Collection,
  id: number,
  cache: number | string | undefined,
): Promise<readonly number[]> {
  const run = await into.take<{ checkpoints: number[]; variant: string }>(`runs/${id}`);
  await into.take(`runs/${id}/metrics`);
  const step = run.checkpoints.at(-1);
  // One checkpoint's pictures are in the file.
  into.answers[`runs/${id}`] = { ...run, checkpoints: step === undefined ? [] : [step] };
  if (step === undefined || typeof cache !== 'number') return [];
  const { size } = await inspection.cache(cache).reader();
  const samples = spread(size, PICTURED);
  for (const sample of samples) {
    const chosen = { step, sample };
    await into.take(address(`runs/${id}/reconstruction`, chosen));
    await into.takePicture(address(`runs/${id}/films`, chosen), `format=webp&side=${RUN_SIDE}`);
    if (['av', 'av-cross'].includes(run.variant))
      await into.take(address(`runs/${id}/attention`, chosen));
  }
  return samples;
}

/** JSON inside a script element: nothing in it may end the element. */
const inScript = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The page with everything in it: opens from a disk or a mail, asks nobody for anything. */
export async function writeHtml(request: HtmlRequest): Promise<string> {
  const { inspection } = request;
  const into = new Collection(request);
  const sources = await into.take<{ cacheOfRun: (number | string)[] }>('sources');
  const wanted = new Map<number, number[]>();
  for (const id of inspection.runs.keys()) {
    const cache = sources.cacheOfRun[id];
    const samples = await takeRun(request, into, id, cache);
    if (typeof cache === 'number') wanted.set(cache, [...(wanted.get(cache) ?? []), ...samples]);
  }
  const most = Math.floor(MOST_SAMPLES / Math.max(1, inspection.caches.length));
  for (const id of inspection.caches.keys())
    await takeCache(request, into, id, most, wanted.get(id) ?? []);
  const { script, style } = await readPage();
  const embedded: Embedded = {
    answers: into.answers,
    pictures: into.pictures,
    written: new Date().toISOString(),
  };
  const policy = `default-src 'none'; img-src data:; script-src ${hashOf(script)}; style-src ${hashOf(style)}; base-uri 'none'; form-action 'none'`;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>avme inspect</title><link rel="icon" href="data:,"><style>${style}</style></head>`,
    '<body><div id="page"></div>',
    `<script type="application/json" id="embedded">${inScript(embedded)}</script>`,
    `<script>${script}</script></body></html>\n`,
  ].join('\n');
}
