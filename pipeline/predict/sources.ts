import { stat } from 'node:fs/promises';
import { extname, resolve, sep } from 'node:path';
import { createInterface } from 'node:readline';
import type { VideoEntry } from '../../cache/records.js';
import { VIDEO_EXTENSIONS } from '../../stages/source/folder.js';
import type { LineError } from '../../stages/source/lists/line-error.js';
import { openSource } from '../../stages/source/open-source.js';
import type { SourceOptions } from '../../stages/source/options.js';
import { select, type Selection } from '../../stages/source/select.js';
import type { VideoSource } from '../../stages/source/video-source.js';
import type { NoteEvent } from '../training/run/run-statistics.js';

/** What names videos: a file, a folder, a list, `-` for paths on stdin, one a line, or a source. */
export type SourceChoice = string | VideoSource | AsyncIterable<string>;

/** Entries that can be walked once. */
type Entries = () => AsyncIterable<VideoEntry>;

const single = (path: string): VideoEntry => ({
  path: resolve(path),
  id: path.split(sep).join('/'),
  ...{ label: null, split: null, start: null, end: null },
});

async function* paths(lines: AsyncIterable<string>): AsyncGenerator<VideoEntry> {
  for await (const line of lines) if (line.trim() !== '') yield single(line.trim());
}

async function* stdinLines(signal?: AbortSignal): AsyncGenerator<string> {
  const lines = createInterface({ input: process.stdin, signal });
  try {
    yield* lines;
  } finally {
    lines.close();
    // Left open, it would keep the process from ending.
    process.stdin.destroy();
  }
}

export const isFile = (path: string): Promise<boolean> => stat(path).then((found) => found.isFile(), () => false); // prettier-ignore

async function open(
  source: SourceChoice,
  options: SourceOptions & Selection,
  wrong: (line: LineError) => void,
  signal: AbortSignal | undefined,
): Promise<Entries> {
  if (source === '-') return () => paths(stdinLines(signal));
  if (typeof source === 'string') {
    if (VIDEO_EXTENSIONS.has(extname(source).toLowerCase()) && (await isFile(source)))
      return async function* () {
        yield await Promise.resolve(single(source));
      };
    const opened = select(await openSource(source, options), options);
    return () => opened.entries(undefined, wrong);
  }
  return 'entries' in source
    ? () => select(source, options).entries(undefined, wrong)
    : () => paths(source);
}

/**
 * The videos of several sources, one source after the other; `split`, `filter` and `limit` are for each
 * folder and list by itself. Lines that are wrong are told of, and left out.
 * @throws Error naming the first that is not there; while it is walked, where no line of a list is right
 */
export async function openSources(
  sources: readonly SourceChoice[],
  options: SourceOptions & Selection,
  onNote: ((note: NoteEvent) => void) | undefined,
  signal?: AbortSignal,
): Promise<AsyncIterable<VideoEntry>> {
  const wrong = ({ message }: LineError) => onNote?.({ event: 'note', text: `a line is left out: ${message}` }); // prettier-ignore
  const opened: Entries[] = [];
  for (const source of sources) opened.push(await open(source, options, wrong, signal));
  if (opened.length === 0) throw new Error('give a video, a folder or a list of videos, or - for paths on stdin'); // prettier-ignore
  return (async function* () {
    for (const entries of opened) yield* entries();
  })();
}
