import { open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { embeddingRow, failureRow, type EmbeddingConfiguration, type EmbeddingRow, type FailureRow } from './rows.js'; // prettier-ignore

const line = z.union([
  z.object({ configuration: z.record(z.string(), z.unknown()) }),
  z.object({ shape: z.array(z.number().int()) }),
  z.object({ row: embeddingRow }),
  z.object({ failure: failureRow }),
]);
type Line = z.infer<typeof line>;

interface Known {
  configuration: EmbeddingConfiguration | undefined;
  shape: readonly number[] | undefined;
  rows: EmbeddingRow[];
  failures: FailureRow[];
}

const sizeOf = (shape: readonly number[] = []) => shape.reduce((product, dim) => product * dim, 1);

/** Whole lines of a file; what was torn off by a kill is passed over. */
async function readLines(path: string): Promise<Line[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines: Line[] = [];
  for (const one of text.split('\n').slice(0, -1)) {
    const parsed = line.safeParse(JSON.parse(one));
    if (!parsed.success) throw new Error(`${path} is not the beginning of a file of embeddings; remove it`); // prettier-ignore
    lines.push(parsed.data);
  }
  return lines;
}

function gather(lines: readonly Line[], vectors: (shape: readonly number[]) => number): Known {
  const known: Known = { configuration: undefined, shape: undefined, rows: [], failures: [] };
  for (const one of lines) {
    if ('configuration' in one) known.configuration = one.configuration;
    else if ('shape' in one) known.shape = one.shape;
    else if ('failure' in one) known.failures.push(one.failure);
    else if (known.rows.length < vectors(known.shape ?? [])) known.rows.push(one.row);
    else break;
  }
  return known;
}

/** Takes out the last video: nothing says that all of its clips are there. */
function withoutLast({ rows, failures, ...known }: Known): Known {
  const last = rows.at(-1);
  if (last === undefined) return { ...known, rows, failures };
  const other = ({ id, path }: { id: string; path: string }) => id !== last.id || path !== last.path; // prettier-ignore
  return { ...known, rows: rows.filter(other), failures: failures.filter(other) };
}

/**
 * The beginning of a file of embeddings: vectors one after the other in one file, rows in another, so
 * that a run that was ended at any moment can be gone on with.
 */
export class EmbeddingJournal {
  private constructor(
    private readonly path: string,
    private readonly lines: FileHandle,
    private readonly vectors: FileHandle,
    private readonly known: Known,
  ) {}

  /**
   * @param path of the file that it becomes
   * @throws Error when there is the beginning of another one, made by something else
   */
  static async open(
    path: string,
    configuration: EmbeddingConfiguration,
  ): Promise<EmbeddingJournal> {
    const names = EmbeddingJournal.names(path);
    const vectors = await open(names.vectors, 'a+');
    const { size } = await vectors.stat();
    const all = gather(await readLines(names.lines), (shape) => Math.floor(size / (4 * sizeOf(shape)))); // prettier-ignore
    const plain = JSON.parse(JSON.stringify(configuration)) as EmbeddingConfiguration;
    if (all.configuration !== undefined && !isDeepStrictEqual(all.configuration, plain)) {
      await vectors.close();
      throw new Error(
        `${names.lines} is the beginning of embeddings that were made otherwise (${differing(all.configuration, plain)}); remove it, or ask for the same`,
      );
    }
    const known = withoutLast(all);
    // Rows that are kept come first in both files, in the same order.
    await vectors.truncate(4 * sizeOf(known.shape) * known.rows.length);
    const lines = await open(names.lines, 'w');
    const journal = new EmbeddingJournal(path, lines, vectors, known);
    await journal.#write({ configuration: plain });
    if (known.shape !== undefined) await journal.#write({ shape: [...known.shape] });
    for (const row of known.rows) await journal.#write({ row });
    for (const failure of known.failures) await journal.#write({ failure });
    return journal;
  }

  private static names(path: string) {
    return { lines: `${path}.part.jsonl`, vectors: `${path}.part.f32` };
  }

  /** The file of the vectors, float32 one after the other. */
  get vectorFile(): string {
    return EmbeddingJournal.names(this.path).vectors;
  }

  get rows(): readonly EmbeddingRow[] {
    return this.known.rows;
  }

  get failures(): readonly FailureRow[] {
    return this.known.failures;
  }

  /** Of one vector; of none, where there is none yet. */
  get shape(): readonly number[] {
    return this.known.shape ?? [0];
  }

  async add(row: EmbeddingRow, vector: Float32Array, shape: readonly number[]): Promise<void> {
    if (this.known.shape === undefined) {
      this.known.shape = shape;
      await this.#write({ shape: [...shape] });
    }
    await this.vectors.appendFile(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)); // prettier-ignore
    await this.#write({ row });
    this.known.rows.push(row);
  }

  async fail(failure: FailureRow): Promise<void> {
    await this.#write({ failure });
    this.known.failures.push(failure);
  }

  async close(): Promise<void> {
    await this.lines.close();
    await this.vectors.close();
  }

  /** Removes it, once it has become a file. */
  async remove(): Promise<void> {
    const { lines, vectors } = EmbeddingJournal.names(this.path);
    await rm(lines, { force: true });
    await rm(vectors, { force: true });
  }

  async #write(content: Line): Promise<void> {
    await this.lines.appendFile(`${JSON.stringify(content)}\n`);
  }
}

function differing(has: EmbeddingConfiguration, asked: EmbeddingConfiguration): string {
  return [...new Set([...Object.keys(has), ...Object.keys(asked)])]
    .filter((name) => !isDeepStrictEqual(has[name], asked[name]))
    .map((name) => `${name}: ${JSON.stringify(has[name])}, asked for ${JSON.stringify(asked[name])}`)
    .join('; ');
} // prettier-ignore
