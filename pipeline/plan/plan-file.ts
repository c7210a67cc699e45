import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CacheError } from '../../cache/manifest/manifest.js';
import { PLAN_FOLDER } from '../../cache/merge/parts.js';
import { preprocessOptions, type PreprocessOptions } from '../preprocess/options.js';

const planSchema = z.strictObject({
  format: z.literal('avme-plan'),
  version: z.literal(1),
  /** What was walked, and the folder that the lists' paths are relative to; both absolute. */
  source: z.string(),
  root: z.string(),
  videos: z.number().int().min(0),
  ignored: z.record(z.string(), z.number()),
  /** Folder of the lists, beside this file. */
  lists: z.string().regex(/^lists-[0-9a-f]{12}$/),
  /** XXH64, hex, of the list of each part. */
  digests: z.array(z.string().regex(/^[0-9a-f]{16}$/)).min(1),
  /** Those of preprocessing that decide what is made. */
  options: z.record(z.string(), z.json()),
});
export type PlanFile = z.infer<typeof planSchema>;

/** What is to be done by all workers together; lies in the folder `plan` of the cache. */
export interface Plan extends Omit<PlanFile, 'options'> {
  /** Folder of the cache. */
  readonly cache: string;
  readonly options: PreprocessOptions;
}

export const planPath = (cache: string, ...names: readonly string[]) =>
  join(cache, PLAN_FOLDER, ...names);
export const PLAN_FILE = 'plan.json';

export const listPath = ({ cache, lists }: Pick<Plan, 'cache' | 'lists'>, part: number) =>
  planPath(cache, lists, `${String(part).padStart(5, '0')}.jsonl`);

/** @throws CacheError when there is no plan, or it is damaged */
export async function readPlan(cache: string): Promise<Plan> {
  const plan = await findPlan(cache);
  if (plan !== undefined) return plan;
  throw new CacheError(
    `there is no plan in ${cache}; make one with avme plan SOURCE --cache ${cache}`,
  );
}

/** @returns undefined when there is none @throws CacheError when it is damaged */
export async function findPlan(cache: string): Promise<Plan | undefined> {
  const path = planPath(cache, PLAN_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
  try {
    const { options, ...plan } = planSchema.parse(JSON.parse(text));
    return { ...plan, cache, options: preprocessOptions.parse(options) };
  } catch (error) {
    throw new CacheError(
      `${path} is not a plan that this avme can read; make it anew with avme plan`,
      { cause: error },
    );
  }
}
