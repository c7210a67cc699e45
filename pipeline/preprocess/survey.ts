import type { VideoEntry } from '../../cache/records.js';
import type { SourceOptions } from '../../stages/source/options.js';
import { select, type Selection } from '../../stages/source/select.js';
import type { LineError } from '../../stages/source/lists/line-error.js';
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
  /** Lines of a list that are wrong; the first of them, if there are very many. */
  readonly wrong: readonly LineError[];
  /** How many there are. */
  readonly wrongLines: number;
}

/** A list in which everything is wrong must not fill the memory. */
const KEPT_LINES = 1000;

interface SurveyParts {
  readonly signal: AbortSignal | undefined;
  /** A line that is wrong is an error; else it is counted and passed over. */
  readonly strict: boolean;
  /** Sees every entry. */
  readonly visit?: (entry: VideoEntry) => void | Promise<void>;
}

/**
 * Walks the list once for its length, so that a bad line or folder is found before hours of work.
 * @throws Error when no line is right, or there is nothing to be done
 */
export async function survey(
  source: VideoSource,
  { signal, strict, visit = () => undefined }: SurveyParts,
): Promise<Survey> {
  const wrong: LineError[] = [];
  let wrongLines = 0;
  const told = (line: LineError) => {
    wrongLines++;
    if (wrong.length < KEPT_LINES) wrong.push(line);
  };
  const ignored: Record<string, number> = {};
  let total = 0;
  const entries = source.entries(
    (extension) => {
      ignored[extension] = (ignored[extension] ?? 0) + 1;
    },
    strict ? undefined : told,
  );
  for await (const entry of entries) {
    signal?.throwIfAborted();
    total++;
    await visit(entry);
  }
  return { total, ignored, wrong, wrongLines };
}
