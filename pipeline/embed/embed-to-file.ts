import { EmbeddingJournal } from '../../stages/exchange/embeddings/journal.js';
import {
  embeddingRow,
  failureRow,
  type EmbeddingInfo,
} from '../../stages/exchange/embeddings/rows.js';
import { writeEmbeddings } from '../../stages/exchange/embeddings/write.js';
import { embed, type EmbedRequest, type EmbedResult } from './embed.js';
import { configurationOf } from './configuration.js';

export interface EmbedFileRequest extends Omit<EmbedRequest, 'skip'> {
  /** The file: `.npy`, `.safetensors`, `.jsonl` or `.parquet`. */
  readonly out: string;
  readonly onResult?: ((result: EmbedResult) => void) | undefined;
}

export interface EmbedFileResult extends EmbeddingInfo {
  /** Clips that were in the file's beginning already. */
  readonly resumed: number;
}

/**
 * {@link embed} into a file. What is done is kept beside it until it is whole, so the same request goes
 * on where it was interrupted: of videos at the beginning of the one that was last.
 * @throws Error as of {@link embed}; when there is the beginning of another file of that name; when
 *   there is nothing to write
 */
export async function embedToFile(request: EmbedFileRequest): Promise<EmbedFileResult> {
  const { out, onResult, ...asked } = request;
  const configuration = await configurationOf(request);
  const journal = await EmbeddingJournal.open(out, configuration);
  const resumed = journal.rows.length;
  try {
    for await (const result of embed({ ...asked, skip: [...journal.rows] })) {
      if (result.kind === 'failure') await journal.fail(failureRow.parse(result));
      else await journal.add(embeddingRow.parse(result), result.vector, result.shape);
      onResult?.(result);
    }
    if (journal.rows.length === 0) throw new Error('there is nothing to write: no clip could be embedded'); // prettier-ignore
    const info = await writeEmbeddings(out, journal, configuration);
    await journal.remove();
    return { ...info, resumed };
  } finally {
    await journal.close();
  }
}
