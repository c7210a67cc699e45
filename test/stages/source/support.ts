import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { VideoEntry } from '../../../cache/records.js';
import { sourceOptions, type SourceInput } from '../../../stages/source/options.js';
import { openSource } from '../../../stages/source/open-source.js';
import { scratchFolder } from '../../support/media.js';

export interface SourceScratch {
  readonly path: (name: string) => string;
  /** Makes files that are there, and no more. */
  touch(...names: string[]): Promise<void>;
  write(name: string, text: string): Promise<void>;
  /** Opens a source and walks it. */
  entries(name: string, options?: SourceInput): Promise<VideoEntry[]>;
}

/** A folder for the sources of one test file. */
export function sourceScratch(): SourceScratch {
  const { path } = scratchFolder();
  const write = async (name: string, text: string) => {
    await mkdir(dirname(path(name)), { recursive: true });
    await writeFile(path(name), text);
  };
  return {
    path,
    write,
    async touch(...names) {
      for (const name of names) await write(name, 'x');
    },
    async entries(name, options = {}) {
      const source = await openSource(path(name), sourceOptions.parse(options));
      const entries: VideoEntry[] = [];
      for await (const entry of source.entries()) entries.push(entry);
      return entries;
    },
  };
}

/** What tells entries apart, for short comparisons. */
export const brief = (entries: readonly VideoEntry[]) =>
  entries.map(({ id, label, split, start, end }) =>
    start === null && end === null ? [id, label, split] : [id, label, split, start, end],
  );
