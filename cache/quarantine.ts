import { open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomically } from './folder/atomic-file.js';
import { canonicalJson } from './manifest/canonical-json.js';
import { digestOf } from './codec/checksum.js';

export const QUARANTINE_FILE = 'quarantine.jsonl';

const recordSchema = z.object({
  path: z.string(),
  id: z.string(),
  /** Which stage gave the video up. */
  stage: z.string(),
  /** Why, in plain words. */
  cause: z.string(),
  /** What the tool said, in its own words. */
  detail: z.string(),
  /** SHA-256 of the file, hex; null when it could not even be read. */
  contentHash: z.string().nullable(),
  /** When, ISO 8601. */
  time: z.string(),
});

/** A video, or segment of one, that could not be used. */
export type QuarantineRecord = z.infer<typeof recordSchema>;

/** What stands in the file for an entry that has left the quarantine, until the file is tidied. */
const releaseSchema = z.object({ id: z.string(), released: z.literal(true) });

const pathIn = (folder: string) => join(folder, QUARANTINE_FILE);

async function readText(folder: string): Promise<string> {
  try {
    return await readFile(pathIn(folder), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** XXH64, hex, of what a line says besides. */
const checkOf = (value: object) => digestOf(Buffer.from(canonicalJson(value)));

function parseLine(line: string): z.infer<typeof recordSchema | typeof releaseSchema> | undefined {
  try {
    const { check, ...value } = JSON.parse(line) as Record<string, unknown>;
    // Another id in the line would keep another video out. Lines of before have no checksum.
    if (check !== undefined && check !== checkOf(value)) return undefined;
    return z.union([releaseSchema, recordSchema]).parse(value);
  } catch {
    // Torn by a kill, or not ours: a report must not keep anybody from their data.
    return undefined;
  }
}

/** The newest state of each entry, by id. */
function fold(text: string): Map<string, QuarantineRecord> {
  const records = new Map<string, QuarantineRecord>();
  for (const line of text.split('\n')) {
    const parsed = line === '' ? undefined : parseLine(line);
    if (parsed === undefined) continue;
    records.delete(parsed.id);
    if (!('released' in parsed)) records.set(parsed.id, parsed);
  }
  return records;
}

const lineOf = (value: object) => `${JSON.stringify({ ...value, check: checkOf(value) })}\n`;

/** What is in quarantine now, in the order it came there. */
export async function readQuarantine(folder: string): Promise<QuarantineRecord[]> {
  return [...fold(await readText(folder)).values()];
}

/** Replaces the quarantine of a cache that this process has locked for writing. */
export async function writeQuarantine(
  folder: string,
  records: readonly QuarantineRecord[],
): Promise<void> {
  await writeAtomically(pathIn(folder), records.map(lineOf).join(''));
}

/** The quarantine of a cache as its one writer sees it; the file has one line an entry. */
export class Quarantine {
  private constructor(
    private readonly folder: string,
    private readonly entries: Map<string, QuarantineRecord>,
    private readonly file: FileHandle,
    /** Lines come one after the other, whoever asks. */
    private last: Promise<unknown> = Promise.resolve(),
    private untidy = false,
  ) {}

  /** Opens the quarantine of a cache that this process has locked for writing. */
  static async open(folder: string): Promise<Quarantine> {
    const text = await readText(folder);
    const records = fold(text);
    const tidy = [...records.values()].map(lineOf).join('');
    // Torn lines must go before anything is appended to them.
    if (tidy !== text) await writeAtomically(pathIn(folder), tidy);
    return new Quarantine(folder, records, await open(pathIn(folder), 'a'));
  }

  get size(): number {
    return this.entries.size;
  }

  get(id: string): QuarantineRecord | undefined {
    return this.entries.get(id);
  }

  /** What is in it now. */
  records(): readonly QuarantineRecord[] {
    return [...this.entries.values()];
  }

  /** Adds an entry, or replaces what was said of it before. */
  async add(entry: Omit<QuarantineRecord, 'time'>): Promise<void> {
    this.untidy ||= this.entries.has(entry.id);
    const record = { ...entry, time: new Date().toISOString() };
    this.entries.delete(entry.id);
    this.entries.set(entry.id, record);
    await this.append(record);
  }

  /** Takes an entry out, since it could be used after all; nothing happens when it is not in. */
  async release(id: string): Promise<void> {
    if (!this.entries.delete(id)) return;
    this.untidy = true;
    await this.append({ id, released: true });
  }

  /** Leaves a file that has exactly one line for each entry that is still in. */
  async close(): Promise<void> {
    await this.last;
    await this.file.close();
    if (this.untidy) await writeQuarantine(this.folder, [...this.entries.values()]);
  }

  private async append(value: object): Promise<void> {
    const line = this.last.then(() => this.file.appendFile(lineOf(value)));
    this.last = line.catch(() => undefined);
    await line;
  }
}
