import { createHash } from 'node:crypto';
import { lstat, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomically } from '../folder/atomic-file.js';
import { canonicalJson } from './canonical-json.js';
import { upgradeManifest } from './manifest-v1.js';
import { listParts } from '../merge/parts.js';
import { listAttempts } from '../parts/attempt-name.js';
import type { ClipShape } from '../records.js';
import type { ShardSums } from './statistics.js';

/** Version of everything in the folder: manifest, shards, records. Raised when an old avme would misread. */
export const CACHE_SCHEMA = 2;
export const MANIFEST_FILE = 'manifest.json';

const count = z.number().int().min(0);
const numbers = z.array(z.number()).readonly();
const moments = z.strictObject({ mean: numbers, std: numbers });
const jsonObject = z.record(z.string(), z.json());
const digest = z.string().regex(/^[0-9a-f]{64}$/);

const shapeSchema = z.strictObject({
  frames: count,
  size: count,
  storeSize: count,
  square: z.boolean(),
  positions: count,
  mfccFrames: count,
  cepstra: count,
  melBands: count.min(1).optional(),
}) satisfies z.ZodType<ClipShape>;

const shortDigest = z.string().regex(/^[0-9a-f]{16}$/);
/** Whole numbers without bound, as decimal digits: JSON's are exact up to 2⁵³ only. */
const integers = z.array(z.string().regex(/^-?\d+$/)).readonly();
const totals = z.strictObject({ sum: integers, squares: integers });

/** What the statistics are worked out from, over the samples of one shard. */
const sumsSchema = z.strictObject({
  /** Pixels in all frames. */
  pixels: count,
  /** Per channel, of the values 0–255. */
  pixel: totals,
  audioPresent: count,
  /** Per cepstrum, over the clips that have sound, in units of 2⁻²⁰. */
  mfcc: totals,
  /** The same per band of the log-mel spectrum, where the cache has it. */
  mel: totals.optional(),
}) satisfies z.ZodType<ShardSums>;

const shardSchema = z.strictObject({
  /** Relative to the folder of the cache, "/"-separated; in a joined cache it may lie in a part's folder inside. */
  file: z.string().regex(/^(?:(?!\.{1,2}\/)[^/\\\0]+\/)*shards\/shard-\d{5,9}\.lmdb$/),
  /** How many samples it has, without those that were dropped. */
  samples: count,
  bytes: count,
  sealed: z.boolean(),
  /** XXH64, hex, of the index that lies beside it; null until the shard is sealed. */
  index: shortDigest.nullable(),
  /** Null until the shard is sealed. */
  sums: sumsSchema.nullable(),
  /** Keys of samples that are in the index and do not count any more, sorted. */
  dropped: z.array(z.string()).readonly(),
});

export const identitySchema = z.strictObject({
  format: z.literal('avme-cache'),
  /** 1 only in a manifest that was read: such caches are not written any more. */
  schema: z.literal([1, CACHE_SCHEMA]),
  fingerprint: digest,
  configuration: jsonObject,
  tools: jsonObject,
  shape: shapeSchema,
});

const manifestSchema = identitySchema.extend({
  /** False until every sample that was written is in a sealed shard. */
  sealed: z.boolean(),
  samples: count,
  shards: z.array(shardSchema).readonly(),
  /** In a part, the attempt whose commit this is; its folder holds the part's quarantine. */
  attempt: z
    .string()
    .regex(/^attempt-[0-9a-f]{12}-[0-9a-f]{12}$/)
    .optional(),
  /** Over all samples; null in a cache that is not sealed. */
  statistics: z
    .strictObject({
      pixel: moments,
      mfcc: moments,
      mel: moments.optional(),
      labels: z.record(z.string(), count).readonly(),
      unlabelled: count,
      audioPresent: count,
    })
    .nullable(),
});

/** What makes two caches the same kind: only such caches may be continued or joined. */
export type CacheIdentity = z.infer<typeof identitySchema>;
export type ShardEntry = z.infer<typeof shardSchema>;
export type Manifest = z.infer<typeof manifestSchema>;

/** Any condition of a cache folder that its user has to do something about; the message says what. */
export class CacheError extends Error {
  override name = 'CacheError';
}

/** What to do about a file that is damaged beyond repair. */
export const RESTORE = 'restore it from a copy, or make the cache anew in another folder';

/** The same where only a shard is. */
export const SALVAGE = 'restore it from a copy, or take out what is lost with avme verify --drop';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

type Fingerprinted = Readonly<Record<'schema' | 'configuration' | 'tools' | 'shape', unknown>>;

/** SHA-256, hex, of everything that changes what is in a cache. */
function fingerprintOf(identity: Fingerprinted): string {
  const { schema, configuration, tools, shape } = identity;
  return sha256(canonicalJson({ schema, configuration, tools, shape }));
}

/**
 * The identity of the cache that these options make.
 * @param configuration every option that changes the output, as JSON
 * @param tools versions of what makes the output, e.g. `{ ffmpeg: '7.0.2', avme: 1 }`
 */
export function cacheIdentity(
  configuration: Readonly<Record<string, unknown>>,
  tools: Readonly<Record<string, unknown>>,
  shape: ClipShape,
): CacheIdentity {
  // Through canonical JSON, so that what is compared later is what will be read from the file.
  const plain = JSON.parse(canonicalJson({ configuration, tools, shape })) as Pick<
    CacheIdentity,
    'configuration' | 'tools' | 'shape'
  >;
  const identity = { format: 'avme-cache', schema: CACHE_SCHEMA, ...plain } as const;
  return { ...identity, fingerprint: fingerprintOf(identity) };
}

function flatten(value: unknown, path: string, out: Map<string, string>): Map<string, string> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    for (const [key, item] of Object.entries(value))
      flatten(item, path === '' ? key : `${path}.${key}`, out);
  else if (value !== undefined) out.set(path, canonicalJson(value));
  return out;
}

/** What differs, one line an option: "size: cache has 64, asked for 224". */
export function compareConfigurations(
  cache: Readonly<Record<string, unknown>>,
  asked: Readonly<Record<string, unknown>>,
): string[] {
  const [has, wants] = [flatten(cache, '', new Map()), flatten(asked, '', new Map())];
  return [...new Set([...has.keys(), ...wants.keys()])]
    .filter((key) => has.get(key) !== wants.get(key))
    .map(
      (key) =>
        `${key}: cache has ${has.get(key) ?? 'nothing'}, asked for ${wants.get(key) ?? 'nothing'}`,
    );
}

/** As {@link compareConfigurations}, over configuration, tools and shape. */
export function compareIdentities(cache: CacheIdentity, asked: CacheIdentity): string[] {
  return [
    ...compareConfigurations(cache.configuration, asked.configuration),
    ...compareConfigurations({ tools: cache.tools }, { tools: asked.tools }),
    ...compareConfigurations({ shape: cache.shape }, { shape: asked.shape }),
  ];
}

const prelude = z.looseObject({ format: z.literal('avme-cache'), schema: z.number() });

/** @throws CacheError saying what is wrong with the text and what to do */
export function parseManifest(text: string, path: string): Manifest {
  const damaged = (why: string) => new CacheError(`${path} is damaged (${why}); ${RESTORE}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw damaged('it is not complete JSON');
  }
  const known = prelude.safeParse(parsed);
  if (!known.success)
    throw new CacheError(`${path} is not the manifest of an avme cache; give another folder`);
  if (![1, CACHE_SCHEMA].includes(known.data.schema))
    throw new CacheError(
      `${path} has cache schema ${known.data.schema}, this avme reads schemas 1 to ${CACHE_SCHEMA}; ` +
        (known.data.schema > CACHE_SCHEMA
          ? 'update avme'
          : 'make the cache anew in another folder'),
    );
  const { digest: claimed, ...rest } = known.data;
  if (claimed !== sha256(canonicalJson(rest))) throw damaged('its digest does not match');
  const version1 = known.data.schema === 1 ? upgradeManifest(rest) : undefined;
  const result = manifestSchema.safeParse(version1?.manifest ?? rest);
  if (!result.success) throw damaged(z.prettifyError(result.error));
  if (fingerprintOf(version1?.identity ?? result.data) !== result.data.fingerprint)
    throw damaged('its fingerprint is not that of its configuration');
  return result.data;
}

/**
 * @param file of the folder; default: that of every cache
 * @returns undefined when the folder has no manifest
 * @throws CacheError as {@link parseManifest}
 */
export async function readManifest(
  folder: string,
  file = MANIFEST_FILE,
): Promise<Manifest | undefined> {
  const path = join(folder, file);
  try {
    await lstat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
  // To read a pipe would be to wait for its writer.
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) throw new CacheError(`${path} is not a file; ${RESTORE}`);
  return parseManifest(await readFile(path, 'utf8'), path);
}

/** The manifest of a cache that must be there. @throws CacheError saying what is there instead */
export async function existingManifest(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  if (manifest !== undefined) return manifest;
  const there = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const parts = await listParts(folder);
  if (parts.length > 0)
    throw new CacheError(
      `${folder} holds ${parts.length} parts that are not joined; join them with avme merge ${folder}`,
    );
  const attempts = await listAttempts(folder);
  if (attempts.length > 0)
    throw new CacheError(
      `${folder} is a part that is not finished: ${attempts.length === 1 ? 'one run was' : `${attempts.length} runs were`} begun, none has ended; run it again`,
    );
  throw new CacheError(
    there
      ? `${folder} is not an avme cache: it has no manifest.json; give the folder that avme preprocess --cache wrote`
      : `there is no folder ${folder}; make the cache with avme preprocess first`,
  );
}

/** SHA-256, hex, of all that a manifest says. */
export const manifestDigest = (manifest: Manifest) => sha256(canonicalJson(manifest));

/** The manifest, which must be of {@link CACHE_SCHEMA}, as its file holds it. */
export const manifestText = (manifest: Manifest) =>
  `${JSON.stringify({ ...manifest, digest: manifestDigest(manifest) }, null, 2)}\n`;

/** Replaces the manifest in one step that survives a kill. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await writeAtomically(join(folder, MANIFEST_FILE), manifestText(manifest));
}
