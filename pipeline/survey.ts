import type { VideoEntry } from '../cache/index.js';
import { openSource } from '../stages/source.js';
import type { VideoSource } from '../stages/video-source.js';

/** The source of a request, opened. @throws Error when there is none */
export async function sourceOf({
  source,
}: {
  readonly source: string | VideoSource;
}): Promise<VideoSource> {
  return typeof source === 'string' ? openSource(source) : source;
}

/** What a source holds. */
export interface Survey {
  readonly total: number;
  /** Files that are passed over, by extension. */
  readonly ignored: Readonly<Record<string, number>>;
}

/**
 * Walks the list once for its length, so that a bad line or folder is found before hours of work.
 * @param visit sees every entry
 * @throws Error when there is none
 */
export async function survey(
  source: VideoSource,
  signal?: AbortSignal,
  visit: (entry: VideoEntry) => void | Promise<void> = () => undefined,
): Promise<Survey> {
  const ignored: Record<string, number> = {};
  let total = 0;
  const entries = source.entries((extension) => {
    ignored[extension] = (ignored[extension] ?? 0) + 1;
  });
  for await (const entry of entries) {
    signal?.throwIfAborted();
    total++;
    await visit(entry);
  }
  if (total === 0) {
    const others = Object.entries(ignored).map(([extension, count]) => `${count} ${extension}`);
    throw new Error(
      `there is no video in ${source.path}` +
        (others.length > 0 ? ` (passed over: ${others.join(', ')})` : ': it is empty'),
    );
  }
  return { total, ignored };
}
