import type { VideoEntry } from '../../cache/records.js';
import type { SourceOptions } from '../../stages/source/options.js';
import { select, type Selection } from '../../stages/source/select.js';
import { openSource } from '../../stages/source/open-source.js';
import type { VideoSource } from '../../stages/source/video-source.js';

/** What is asked for of the source of a request. @throws Error when there is no source */
export async function sourceOf(
  { source }: { readonly source: string | VideoSource },
  options: SourceOptions & Selection,
): Promise<VideoSource> {
  return select(typeof source === 'string' ? await openSource(source, options) : source, options);
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
 * @throws Error when a line is wrong, or there is nothing to be done
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
  return { total, ignored };
}
