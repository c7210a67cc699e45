import { z } from 'zod';
import { openEmbeddings, type Embeddings } from '../../stages/exchange/embeddings/read.js';
import type { EmbeddingRow } from '../../stages/exchange/embeddings/rows.js';
import { meanDirection, NearestNeighbours } from '../../stages/search/nearest.js';
import { configurationOf } from '../embed/configuration.js';
import { embed, type EmbedRequest } from '../embed/embed.js';
import { embedOptions } from '../embed/embed-options.js';
import { isFile } from '../predict/sources.js';

export interface SearchRequest extends Pick<EmbedRequest, 'backend' | 'signal'> {
  /** A `.npy` or `.safetensors` file of {@link embedToFile}. */
  readonly index: string;
  /** A video file; or a key or an id of the collection. Of several clips the mean direction counts. */
  readonly query: string;
  /** How many clips are found; default 10. */
  readonly top?: number | undefined;
  /** The run that the collection was embedded by, if it is no longer where it was. */
  readonly run?: string | undefined;
}

/** A clip of the collection. */
export interface Match extends EmbeddingRow {
  /** Cosine with the query, in [-1, 1]. */
  readonly similarity: number;
}

/** What of a collection's configuration says how a query is embedded like it. */
const embeddedBy = z.object({
  run: z.string(),
  weights: z.string(),
  ...embedOptions.pick({ of: true, layer: true, sound: true, blur: true, lowRes: true, clips: true, every: true, fit: true }).shape,
}); // prettier-ignore

/** Vectors of a video, made as those of the collection were. */
async function embedQuery(
  { query, run, backend, signal, index }: SearchRequest,
  { info }: Embeddings,
): Promise<Float32Array[]> {
  const { weights, ...made } = embeddedBy.parse(info.configuration);
  const request = { ...made, run: run ?? made.run, backend };
  const { weights: now } = await configurationOf(request);
  if (now !== weights)
    throw new Error(`${request.run} has other weights than those that ${index} was made by; embed the collection again, or name its run by --run`); // prettier-ignore
  const vectors: Float32Array[] = [];
  let cause = 'it has no clip';
  for await (const result of embed({ ...request, source: query, signal }))
    if (result.kind === 'embedding') vectors.push(result.vector);
    else cause = result.cause;
  if (vectors.length === 0) throw new Error(`${query} cannot be searched for: ${cause}`);
  return vectors;
}

/**
 * The clips of an embedded collection that are most like a query, by the cosine of their vectors; all
 * are compared. A query that is in the collection itself is not among them.
 * @throws Error when the query is neither a file nor in the collection, or cannot be embedded like it
 */
export async function search(request: SearchRequest): Promise<Match[]> {
  const { index, query, top = 10, signal } = request;
  const collection = await openEmbeddings(index);
  const numbers = collection.find(query);
  if (numbers.length === 0 && !(await isFile(query)))
    throw new Error(`${query} is neither a file, nor a key or an id in ${index}`);
  const vectors =
    numbers.length > 0
      ? await Promise.all(numbers.map(collection.vector))
      : await embedQuery(request, collection);
  const nearest = new NearestNeighbours(meanDirection(vectors), top, new Set(numbers));
  for await (const block of collection.blocks()) {
    signal?.throwIfAborted();
    nearest.add(block);
  }
  return nearest.result.map((found) => ({ ...collection.row(found.index), similarity: found.similarity })); // prettier-ignore
}
