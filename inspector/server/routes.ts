import { z } from 'zod';
import { clipSound } from '../views/cache/clip-audio.js';
import { InspectProblem } from '../views/problem.js';
import { maskAnswer, sampleAnswer } from '../views/cache/sample-view.js';
import { readFilter } from '../views/cache/filter.js';
import type { Inspection } from '../views/inspection.js';
import type { PictureRequest } from '../views/model/model-view.js';
import { json, picture, type Answer } from './respond.js';

/** What a request is made of; `ids` are the numbers in its path. */
interface Asked {
  readonly inspection: Inspection;
  readonly ids: readonly number[];
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
}

type Route = readonly [path: RegExp, answer: (asked: Asked) => Promise<Answer>];

const whole = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const ratio = z.coerce.number().gt(0).lt(1);
const listQuery = z.object({ from: whole.default(0), count: whole.max(500).default(100) });
const sizeQuery = z.object({
  side: z.coerce.number().int().min(16).max(4096).optional(),
  format: z.enum(['png', 'webp']).default('png'),
});
const maskQuery = z.object({ ratio, seed: whole.default(0) });
const pictureQuery = z.object({
  step: whole,
  sample: whole,
  ratio: ratio.optional(),
  seed: whole.default(0),
  mute: z.enum(['0', '1']).default('0'),
});
const rankingQuery = z.object({ step: whole, count: whole.min(1).max(256).default(24) });

/** @throws InspectProblem 400 naming what is wrong */
function parse<Schema extends z.ZodType>(schema: Schema, query: URLSearchParams): z.output<Schema> {
  const result = schema.safeParse(Object.fromEntries(query));
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new InspectProblem(400, `this cannot be asked: ${lines.join('; ')}`);
}

function pictureRequest(query: URLSearchParams): PictureRequest {
  const { step, sample, ratio: maskRatio, seed, mute } = parse(pictureQuery, query);
  return { step, index: sample, maskRatio, seed, mute: mute === '1' };
}

const at = (ids: readonly number[], place: number) => ids[place] ?? 0;

/** Every question that there is. Numbers are looked up in lists; nothing of a request becomes a path. */
const ROUTES: readonly Route[] = [
  [/^sources$/, async ({ inspection }) => json(await inspection.sources())],
  [
    /^caches\/(\d+)$/,
    async ({ inspection, ids, query }) =>
      json(await inspection.cache(at(ids, 0)).overview(query.get('fresh') === '1')),
  ],
  [
    /^caches\/(\d+)\/samples$/,
    async ({ inspection, ids, query }) => {
      const { from, count } = parse(listQuery, query);
      return json(await inspection.cache(at(ids, 0)).list(readFilter(query), from, count));
    },
  ],
  [
    /^caches\/(\d+)\/find$/,
    async ({ inspection, ids, query }) =>
      json({ index: await inspection.cache(at(ids, 0)).find(query.get('key') ?? '') }),
  ],
  [
    /^caches\/(\d+)\/samples\/(\d+)$/,
    async ({ inspection, ids, query }) =>
      json(await sampleAnswer(inspection.cache(at(ids, 0)), at(ids, 1), readFilter(query))),
  ],
  [
    /^caches\/(\d+)\/samples\/(\d+)\/thumbnail$/,
    async ({ inspection, ids }) =>
      picture('webp', await inspection.thumbnail(at(ids, 0), at(ids, 1))),
  ],
  [
    /^caches\/(\d+)\/samples\/(\d+)\/film$/,
    async ({ inspection, ids, query }) => {
      const { format, side } = parse(sizeQuery, query);
      return picture(format, await inspection.film(at(ids, 0), at(ids, 1), format, side));
    },
  ],
  [
    /^caches\/(\d+)\/samples\/(\d+)\/mask$/,
    async ({ inspection, ids, query }) => {
      const { ratio: share, seed } = parse(maskQuery, query);
      return json(await maskAnswer(inspection.cache(at(ids, 0)), at(ids, 1), share, seed));
    },
  ],
  [
    /^caches\/(\d+)\/samples\/(\d+)\/sound$/,
    async ({ inspection, ids, signal }) => {
      const { header } = await inspection.cache(at(ids, 0)).sample(at(ids, 1));
      return { type: 'audio/wav', body: await clipSound(header, signal) };
    },
  ],
  [/^runs\/(\d+)$/, async ({ inspection, ids }) => json(await inspection.run(at(ids, 0)).answer())],
  [
    /^runs\/(\d+)\/metrics$/,
    async ({ inspection, ids, query }) =>
      json(await inspection.run(at(ids, 0)).metrics(query.get('cursor') ?? '')),
  ],
  [
    /^runs\/(\d+)\/reconstruction$/,
    async ({ inspection, ids, query }) => {
      const run = await inspection.runWithCache(at(ids, 0));
      return json(await inspection.models.reconstruction(run, pictureRequest(query)));
    },
  ],
  [
    /^runs\/(\d+)\/films$/,
    async ({ inspection, ids, query }) => {
      const run = await inspection.runWithCache(at(ids, 0));
      const { format, side } = parse(sizeQuery, query);
      const films = await inspection.models.films(run, pictureRequest(query), format, side);
      return picture(format, films, false);
    },
  ],
  [
    /^runs\/(\d+)\/attention$/,
    async ({ inspection, ids, query }) => {
      const run = await inspection.runWithCache(at(ids, 0));
      return json(await inspection.models.attention(run, pictureRequest(query)));
    },
  ],
  [
    /^runs\/(\d+)\/ranking$/,
    async ({ inspection, ids, query }) => {
      const run = await inspection.runWithCache(at(ids, 0));
      const { step, count } = parse(rankingQuery, query);
      return json(await inspection.models.ranking(run, step, count));
    },
  ],
];

/**
 * Answers one question of the page.
 * @param path below `/api/`, as it was sent: what is not one of the known paths is not looked at
 * @throws InspectProblem with the status that says why there is no answer
 */
export async function answer(
  inspection: Inspection,
  path: string,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Answer> {
  for (const [pattern, route] of ROUTES) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const ids = match.slice(1).map(Number);
    if (!ids.every(Number.isSafeInteger))
      throw new InspectProblem(404, 'there is nothing with so large a number');
    return route({ inspection, ids, query, signal });
  }
  throw new InspectProblem(404, 'there is nothing at this address');
}
