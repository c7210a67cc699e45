import { dirname, relative, resolve } from 'node:path';
import { VIDEO_EXTENSIONS } from '../folder.js';
import { LineError, WrongLines } from './line-error.js';
import { splitOfFile } from './split.js';
import { readLines } from './text.js';
import type { VideoSource } from '../video-source.js';

/** A video of a list of paths. */
export interface ListedVideo {
  /** As it is written. */
  readonly path: string;
  readonly label: string | null;
}

const EXTENSIONS = [...VIDEO_EXTENSIONS].map((extension) => extension.slice(1)).join('|');

/** The path ends with a video's extension, so it may hold spaces and commas; what follows is the label. */
const PLAIN = new RegExp(`^(.*\\.(?:${EXTENSIONS}))(?:(\\s*[,;]\\s*|\\s+)(.*))?$`, 'is');
const QUOTED = /^"((?:[^"]|"")+)"(?:(\s*[,;]\s*|\s+)(.*))?$/s;
const QUOTED_LABEL = /^"((?:[^"]|"")*)"$/;

const unescaped = (text: string) => text.replaceAll('""', '"');

/** @returns null when it is not the path of a video and, if anything, one label */
export function parseListLine(line: string): ListedVideo | null {
  const text = line.trim();
  const inQuotes = QUOTED.exec(text);
  const match = inQuotes ?? PLAIN.exec(text);
  const [, path, separator = '', rest = ''] = match ?? [];
  if (path === undefined) return null;
  const inner = QUOTED_LABEL.exec(rest)?.[1];
  const label = inner === undefined ? rest : unescaped(inner);
  // A further field is not a part of the label: who wrote it meant something else by it.
  const fields = separator.trim() === '' ? /^-?\d+\s/ : /[,;]/;
  if (inner === undefined && fields.test(label)) return null;
  return {
    path: inQuotes === null ? path : unescaped(path),
    label: label === '' ? null : label,
  };
}

const EXAMPLE =
  'a line is the path of a video and its label, like "dance/a.mp4 7" or "dance/a.mp4,7"';

/** A first line that names the columns. */
const isHeader = (text: string) => !/[./\\]/.test(text);

/**
 * A list of paths with labels as VideoMAE has it, one `path label` a line, separated by space, tab or
 * comma. The label may be missing. Its name tells the split: `train.csv`, `val.csv`, `test.csv`.
 * @param list absolute path
 * @param root folder that its paths are relative to; default: the list's own
 */
export function csvSource(list: string, root = dirname(list)): VideoSource {
  const split = splitOfFile(list);
  return {
    kind: 'csv',
    path: list,
    root,
    async *entries(_ignored, wrong) {
      const lines = new WrongLines(wrong);
      for await (const { text, number, place } of readLines(list)) {
        if (text.trim() === '') continue;
        const video = parseListLine(text);
        if (video === null && number === 1 && isHeader(text)) continue;
        const right = lines.read(() => {
          if (video === null) throw new LineError(place, text, EXAMPLE);
          return video;
        });
        if (right === undefined) continue;
        const { path, label } = right;
        yield { path: resolve(root, path), id: path, label, split, start: null, end: null };
      }
      lines.end();
    },
    fileOf: ({ path }) => relative(root, path),
  };
}
