import { beginAttempt, type Attempt } from '../../../cache/parts/attempt.js';
import { openCache } from '../../../cache/reader.js';
import { openCacheWriter, type CacheWriter } from '../../../cache/writer.js';
import { makeSample, OPTIONS, samplesOf } from '../support.js';

/** An attempt with its writer. */
export interface Running {
  readonly attempt: Attempt;
  readonly writer: CacheWriter;
}

export async function begin(part: string, scratch: string | null = null): Promise<Running> {
  const attempt = await beginAttempt(part, OPTIONS, scratch);
  const held = { known: attempt.known, held: attempt.unlock };
  return { attempt, writer: await openCacheWriter(attempt.folder, { ...OPTIONS, ...held }) };
}

/** Puts what is missing of some samples. @returns how many were */
export async function put({ writer }: Running, from: number, to: number): Promise<number> {
  let written = 0;
  for (let i = from; i < to; i++) {
    if (writer.has(`key-${i}`)) continue;
    await writer.put(makeSample(i));
    written++;
  }
  return written;
}

export async function commit({ attempt, writer }: Running) {
  await writer.seal();
  return attempt.commit();
}

export async function leave({ attempt, writer }: Running) {
  await writer.seal();
  await attempt.leave();
}

export const failed = (id: string) => ({ id, path: `/${id}`, stage: 'read', cause: 'c', detail: '', contentHash: null }); // prettier-ignore

export async function contentOf(folder: string) {
  const reader = await openCache(folder);
  const content = { samples: samplesOf(reader), statistics: reader.manifest.statistics };
  await reader.close();
  return content;
}
