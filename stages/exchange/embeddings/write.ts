import { createReadStream } from 'node:fs';
import { open, rename, type FileHandle } from 'node:fs/promises';
import { extname } from 'node:path';
import { writeAtomically } from '../../../cache/folder/atomic-file.js';
import { safetensorsHeader } from '../../../model/weights/safetensors.js';
import { npyHeader } from '../npy.js';
import type { EmbeddingJournal } from './journal.js';
import type { EmbeddingConfiguration, EmbeddingInfo } from './rows.js';

/** The file beside `features.npy` with this suffix. */
export const besideEmbeddings = (path: string, suffix: string): string =>
  `${path.slice(0, path.length - extname(path).length)}${suffix}`;

/** Vectors of a journal, one by one. */
async function* vectorsOf(journal: EmbeddingJournal): AsyncGenerator<Float32Array> {
  const bytes = 4 * journal.shape.reduce((product, dim) => product * dim, 1);
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(journal.vectorFile, { highWaterMark: 1 << 20 })) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    let at = 0;
    for (; at + bytes <= rest.length; at += bytes)
      yield new Float32Array(new Uint8Array(rest.subarray(at, at + bytes)).buffer);
    rest = rest.subarray(at);
  }
}

async function copyVectors(journal: EmbeddingJournal, file: FileHandle): Promise<void> {
  for await (const chunk of createReadStream(journal.vectorFile, { highWaterMark: 1 << 20 }))
    await file.appendFile(chunk as Buffer);
}

/** Rows a group of a Parquet file: what is held in memory at a time. */
const GROUP = 1000;

const columns = [
  ...(['key', 'id', 'path', 'label', 'split'] as const).map((name) => ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }) as const),
  { name: 'clip', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'start', type: 'DOUBLE', repetition_type: 'REQUIRED' },
  { name: 'end', type: 'DOUBLE', repetition_type: 'REQUIRED' },
  { name: 'sound', type: 'BOOLEAN', repetition_type: 'REQUIRED' },
] as const; // prettier-ignore

/** A column a field, and `embedding`, a list of float32 a row. */
async function writeParquet(
  journal: EmbeddingJournal,
  path: string,
  { configuration }: EmbeddingInfo,
): Promise<void> {
  // Loaded where it is needed: other formats need no library.
  const { fileWriter, ParquetWriter } = await import('hyparquet-writer');
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema: [
      { name: 'root', num_children: columns.length + 1 },
      ...columns,
      { name: 'embedding', converted_type: 'LIST', repetition_type: 'REQUIRED', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
    ],
    kvMetadata: [{ key: 'avme', value: JSON.stringify(configuration) }],
  });
  const { rows } = journal;
  let at = 0;
  let embedding: number[][] = [];
  const flush = async () => {
    if (embedding.length === 0) return;
    const part = rows.slice(at, at + embedding.length);
    at += embedding.length;
    const columnData = [
      ...columns.map(({ name }) => ({ name, data: part.map((row) => row[name]) })),
      { name: 'embedding', data: embedding },
    ];
    embedding = [];
    await writer.write({ columnData, rowGroupSize: GROUP });
  };
  for await (const vector of vectorsOf(journal)) if (embedding.push([...vector]) === GROUP) await flush(); // prettier-ignore
  await flush();
  await writer.finish();
}

/**
 * Writes embeddings whole, in the format that the suffix says: `.npy` and `.safetensors` with rows and
 * information in files beside them, `.jsonl` and `.parquet` with everything in one. What was there
 * before is replaced at the end.
 */
export async function writeEmbeddings(
  path: string,
  journal: EmbeddingJournal,
  configuration: EmbeddingConfiguration,
): Promise<EmbeddingInfo> {
  const { rows, failures } = journal;
  const shape = [rows.length, ...journal.shape];
  const info: EmbeddingInfo = { dtype: 'float32', shape, configuration: { ...configuration }, failures: [...failures] }; // prettier-ignore
  const suffix = extname(path).toLowerCase();
  const temporary = `${path}.tmp`;
  if (suffix === '.parquet') await writeParquet(journal, temporary, info);
  else {
    const file = await open(temporary, 'w');
    try {
      if (suffix === '.npy') await file.appendFile(npyHeader('<f4', shape));
      if (suffix === '.safetensors') await file.appendFile(safetensorsHeader(new Map([['embeddings', { shape }]]), { format: 'pt', configuration: JSON.stringify(configuration) })); // prettier-ignore
      if (suffix !== '.jsonl') await copyVectors(journal, file);
      else {
        let at = 0;
        for await (const vector of vectorsOf(journal))
          await file.appendFile(`${JSON.stringify({ ...rows[at++], embedding: [...vector] })}\n`);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }
  if (suffix === '.npy' || suffix === '.safetensors')
    await writeAtomically(besideEmbeddings(path, '.rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join('')); // prettier-ignore
  await writeAtomically(besideEmbeddings(path, '.info.json'), `${JSON.stringify(info, null, 2)}\n`);
  await rename(temporary, path);
  return info;
}
