import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { writeAtomically } from '../../cache/folder/atomic-file.js';
import { checkPartAddable } from '../../cache/folder/addable.js';
import { makeFolder } from '../../cache/folder/make-folder.js';
import { digestOf } from '../../cache/codec/checksum.js';
import { CacheError, cacheIdentity, compareConfigurations } from '../../cache/manifest/manifest.js';
import { fileHash, LARGEST_COUNT } from '../../stages/source/select.js';
import type { LineError } from '../../stages/source/lists/line-error.js';
import type { VideoSource } from '../../stages/source/video-source.js';
import { namedDecoder } from '../preprocess/decoder.js';
import { cacheKind } from '../preprocess/cache-kind.js';
import { preprocessOptions, cacheConfiguration, type PreprocessInput, type PreprocessOptions } from '../preprocess/options.js'; // prettier-ignore
import { sourceOf } from '../preprocess/survey.js';
import { dealOut, lineOf } from './deal.js';
import { findPlan, listPath, planPath, PLAN_FILE, type Plan, type PlanFile } from './plan-file.js';

/** Clips a part, where the number of parts is not given: minutes of work, of which a kill costs one part. */
const CLIPS_A_PART = 500;

export const partsOption = z
  .union([
    z.literal('auto'),
    z.coerce
      .number({ error: `must be auto or a number of parts, at most ${LARGEST_COUNT}` })
      .int('must be a whole number')
      .min(1, 'must be 1 or more')
      .max(LARGEST_COUNT, `must be ${LARGEST_COUNT} or less`),
  ])
  .default('auto');

/** A data set, and what is to be made of it. */
export interface PlanRequest {
  /** As for {@link preprocess}. */
  readonly source: string | VideoSource;
  /** Folder of the cache; made when it is not there. */
  readonly cache: string;
  /** Number of parts; `auto`: about 500 clips each, or as many as there are. */
  readonly parts?: z.input<typeof partsOption>;
  /** Those of {@link preprocess}; what a worker decides for itself, like `jobs`, is passed over. */
  readonly options?: PreprocessInput;
  /** Told of each line of a list that is wrong, which is then passed over; default: the first is an error. */
  readonly onWrongLine?: (line: LineError) => void;
  readonly signal?: AbortSignal;
}

/** Walks a source once. @returns how many videos there are, and what was passed over */
async function spool(
  source: VideoSource,
  path: string,
  { signal, onWrongLine }: Pick<PlanRequest, 'signal' | 'onWrongLine'>,
) {
  let videos = 0;
  const ignored: Record<string, number> = {};
  async function* lines() {
    const entries = source.entries((extension) => {
      ignored[extension] = (ignored[extension] ?? 0) + 1;
    }, onWrongLine);
    for await (const entry of entries) {
      videos++;
      yield `${fileHash(source.fileOf(entry))}\t${lineOf(entry, source.root)}\n`;
    }
  }
  await pipeline(lines, createWriteStream(path), signal === undefined ? {} : { signal });
  return { videos, ignored };
}

/** How many parts there are to be: where there is a plan already, as many as it has. */
function countOf(wanted: z.output<typeof partsOption>, clips: number, before: Plan | undefined) {
  const there = before?.digests.length;
  if (there !== undefined && wanted !== 'auto' && wanted !== there)
    throw new CacheError(
      `--parts: got ${wanted}, but the plan in ${before?.cache ?? ''} has ${there} parts; leave it out, or choose another folder for the cache`,
    );
  if (wanted !== 'auto') return wanted;
  return there ?? Math.min(LARGEST_COUNT, Math.max(1, Math.ceil(clips / CLIPS_A_PART)));
}

function assertSameOptions(before: Plan | undefined, options: PreprocessOptions): void {
  if (before === undefined) return;
  const [had, asked] = [cacheConfiguration(before.options), cacheConfiguration(options)];
  const differences = compareConfigurations(had, asked);
  if (differences.length > 0)
    throw new CacheError(
      `${before.cache} has a plan with other settings; choose another folder for the cache, or ask for the same:\n  ${differences.join('\n  ')}`,
    );
}

/** Removes lists that no plan speaks of any more, but for those of the plan before: workers may be at them. */
async function tidy(cache: string, keep: readonly string[]): Promise<void> {
  for (const name of await readdir(planPath(cache)))
    if (name.startsWith('lists-') && !keep.includes(name))
      await rm(planPath(cache, name), { recursive: true, force: true });
}

/**
 * Divides a source into parts for {@link work}: walks it once, and writes a list a part. Videos are
 * dealt out by a hash of their files' names, so that every part has some of every class, and a video
 * stays in its part when the source grows and the plan is made again.
 * @throws Error when the source is missing or empty; CacheError when there is another plan or cache
 */
export async function makePlan(request: PlanRequest): Promise<Plan> {
  const { cache, signal } = request;
  const wanted = partsOption.parse(request.parts);
  // What a worker decides for itself is no part of the plan.
  const asked = preprocessOptions.parse({ ...request.options, jobs: 1, shard: null, scratch: null }); // prettier-ignore
  const before = await findPlan(cache);
  // Workers must not choose for themselves: all parts have the decoder of the plan.
  const wish = asked.decoder === 'auto' ? (before?.options.decoder ?? 'auto') : asked.decoder;
  const { name: decoder, tools } = await namedDecoder(cache, { ...asked, decoder: wish });
  const options = { ...asked, decoder };
  const kind = await cacheKind(options, tools, signal);
  assertSameOptions(before, options);
  await checkPartAddable(cache, cacheIdentity(kind.configuration, kind.tools, kind.shape));
  const source = await sourceOf(request, options);
  await makeFolder(planPath(cache));
  const lists = `lists-${randomBytes(6).toString('hex')}`;
  const spoolPath = planPath(cache, `${lists}.spool`);
  try {
    const { videos, ignored } = await spool(source, spoolPath, request);
    const count = countOf(wanted, videos * options.clips, before);
    await mkdir(planPath(cache, lists));
    await dealOut(spoolPath, count, (part) => listPath({ cache, lists }, part));
    const digests: string[] = [];
    for (let part = 0; part < count; part++)
      digests.push(digestOf(await readFile(listPath({ cache, lists }, part))));
    const { path, root } = source;
    // As the file will give them back.
    const plain = JSON.parse(JSON.stringify(options)) as PlanFile['options'];
    const plan: PlanFile = {
      ...{ format: 'avme-plan', version: 1, source: path, root, videos, ignored, lists, digests },
      options: plain,
    };
    await writeAtomically(planPath(cache, PLAN_FILE), `${JSON.stringify(plan)}\n`);
    await tidy(cache, [lists, before?.lists ?? '']);
    return { ...plan, cache, options };
  } catch (error) {
    await rm(planPath(cache, lists), { recursive: true, force: true });
    throw error;
  } finally {
    await rm(spoolPath, { force: true });
  }
}
