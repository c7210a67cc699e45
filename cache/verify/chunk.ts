import { CorruptRecordError } from '../codec/codec.js';
import { decodeSample } from '../codec/prepare.js';
import type { ClipShape, SampleEntry, StoredSample } from '../records.js';
import { codecOf } from '../manifest/schema.js';
import { ShardFile } from '../shard/file.js';
import { SpanReader } from '../span-reader.js';
import type { IndexRow } from '../shard/shard-index.js';
import { StatisticsFold, type ShardSums, type StoredHeader } from '../manifest/statistics.js';
import { sampleProblem, sumsProblem, type SampleRules } from './record.js';

/** What is the same for all samples of a verification; can be sent to a thread. */
export interface VerifyRules extends SampleRules {
  readonly schema: Parameters<typeof codecOf>[0];
  /** Whether to decode frames, and to add up all values again. */
  readonly deep: boolean;
}

/** Some samples of a shard. */
export interface VerifyChunk {
  readonly path: string;
  readonly rows: readonly IndexRow[];
}

/** A sample that must not be used, and why. */
export interface BadSample {
  readonly entry: SampleEntry;
  readonly problem: string;
}

export interface VerifiedChunk {
  readonly bad: readonly BadSample[];
  /** Over the samples that are good. */
  readonly sums: ShardSums;
}

/** @throws CorruptRecordError when lossy frames cannot be decoded */
async function deepProblem(
  sample: StoredSample,
  stored: StoredHeader,
  shape: ClipShape,
): Promise<string | null> {
  const { frames } = await decodeSample(sample, shape);
  // Decoders of lossy pictures differ by a bit from version to version, and with them the sums.
  return sumsProblem(sample, sample.frames.format === 'raw' ? frames : null, stored, shape);
}

async function verifySample(
  shard: ShardFile,
  row: number,
  entry: SampleEntry,
  { deep, schema, ...rules }: VerifyRules,
  fold: StatisticsFold,
): Promise<string | null> {
  const { shape } = rules;
  const stored = shard.header(row);
  const sample = codecOf(schema).stored(shard.record(row, false), shape, entry.key);
  const problem =
    sampleProblem(entry, sample, stored, rules) ??
    (deep ? await deepProblem(sample, stored, shape) : null);
  if (problem === null) fold.add(stored.header, stored.sums);
  return problem;
}

/** Reads and checks the samples of a chunk. @throws the system's error when the file cannot be opened */
export async function verifyChunk(
  { path, rows }: VerifyChunk,
  rules: VerifyRules,
): Promise<VerifiedChunk> {
  const shard = new ShardFile(new SpanReader(path), rows, rules.shape, codecOf(rules.schema));
  const fold = new StatisticsFold(rules.shape);
  const bad: BadSample[] = [];
  try {
    for (const [row, entry] of rows.entries()) {
      let problem: string | null;
      try {
        problem = await verifySample(shard, row, entry, rules, fold);
      } catch (error) {
        if (!(error instanceof CorruptRecordError)) throw error;
        problem = error.message;
      }
      if (problem !== null) bad.push({ entry, problem });
    }
  } finally {
    await shard.close();
  }
  return { bad, sums: fold.sums() };
}
