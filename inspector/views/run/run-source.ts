import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { listCheckpoints } from '../../../pipeline/training/run/run-folder.js';
import type { ConfusionAnswer, MetricsAnswer, RunAnswer } from '../answers.js';
import { readMetricsSince } from './metrics-log.js';
import { InspectProblem } from '../problem.js';

/** No more of `run.json` than is needed: runs of every kind, of later versions too, can be looked at. */
const namedCache = z.looseObject({ path: z.string(), fingerprint: z.string() });
const description = z.looseObject({
  model: z.looseObject({ variant: z.string().optional() }).optional(),
  training: z.looseObject({ steps: z.number().optional() }).optional(),
  data: z.looseObject({ caches: z.array(namedCache) }).optional(),
  /** What runs of earlier versions have instead of `data`. */
  cache: namedCache.optional(),
});
export type LooseRun = z.infer<typeof description>;

/** The caches that a run learned from, as it names them. */
export const cachesNamedBy = ({ data, cache }: LooseRun) =>
  data?.caches ?? (cache === undefined ? [] : [cache]);

const confusion = z
  .object({ labels: z.array(z.string()), counts: z.array(z.array(z.number().min(0))) })
  .refine(
    ({ labels, counts }) =>
      counts.length === labels.length && counts.every((row) => row.length === labels.length),
    { error: 'counts must be a square of labels × labels' },
  );

/** A JSON file of the run; undefined where there is none. @throws InspectProblem 422 when it is damaged */
async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : 'it is not JSON';
    throw new InspectProblem(422, `${path} cannot be read: ${why}`, { cause: error });
  }
}

/** One run's folder, and answers about it. Nothing of it is kept: a run goes on while it is looked at. */
export class RunSource {
  constructor(readonly folder: string) {}

  /** @throws InspectProblem 422 when `run.json` is gone or damaged */
  async describe(): Promise<LooseRun> {
    const found = await readJson(join(this.folder, 'run.json'), description);
    if (found !== undefined) return found;
    throw new InspectProblem(422, `${this.folder} has no run.json any more`);
  }

  async answer(): Promise<RunAnswer> {
    const run = await this.describe();
    const checkpoints = await listCheckpoints(this.folder);
    return {
      folder: this.folder,
      description: run,
      checkpoints: checkpoints.map(({ step }) => step),
      steps: run.training?.steps ?? null,
      variant: run.model?.variant ?? 'unknown',
      caches: cachesNamedBy(run).map(({ path }) => path),
      confusion: await this.#confusion(),
    };
  }

  metrics(cursor: string): Promise<MetricsAnswer> {
    return readMetricsSince(join(this.folder, 'metrics.jsonl'), cursor);
  }

  async #confusion(): Promise<ConfusionAnswer | null> {
    return (await readJson(join(this.folder, 'confusion.json'), confusion)) ?? null;
  }
}
