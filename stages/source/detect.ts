import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseListLine } from './lists/csv.js';
import { csvFields } from './lists/kinetics-rows.js';
import { peek, quoted } from './lists/text.js';
import { UCF101_LIST } from './lists/ucf101.js';
import { SOURCE_KINDS, type SourceKind } from './video-source.js';

export const KNOWN_SOURCES =
  'a folder of videos, a .jsonl list, a list of paths with labels (.csv), or the lists of UCF101, Kinetics or Something-Something v2';

/** The kind of a JSON file by its first object. */
function jsonKind(text: string): SourceKind {
  const first = /\{[^]*?\}/.exec(text)?.[0] ?? text;
  if (/"path"\s*:/.test(first)) return 'jsonl';
  return text.startsWith('[') ? 'ssv2' : 'kinetics';
}

/** @throws Error when the file is none of those that are known */
function fileKind(path: string, text: string): SourceKind {
  if (UCF101_LIST.test(basename(path))) return 'ucf101';
  if (/\.(jsonl|ndjson)$/i.test(path)) return 'jsonl';
  const start = text.trimStart();
  if (start === '') throw new Error(`${path} is empty; give ${KNOWN_SOURCES}`);
  if (/^\{\s*"(database|taxonomy)"/.test(start))
    throw new Error(
      `${path} looks like annotations of ActivityNet, which avme does not read; write a .jsonl list of {"path", "label", "start", "end"}`,
    );
  if (/^[{[]/.test(start)) return jsonKind(start);
  const lines = start.split(/\r?\n/).slice(0, 2);
  if (csvFields(lines[0] ?? '').includes('youtube_id')) return 'kinetics';
  if (lines.some((line) => parseListLine(line) !== null)) return 'csv';
  throw new Error(
    `${path} is no list of videos that avme knows: it begins with ${quoted(lines[0] ?? '')}; give ${KNOWN_SOURCES}, ` +
      `or name its kind: --source-kind ${SOURCE_KINDS.join('|')}`,
  );
}

/** Finds out, by name and content, what is at a path. */
export async function detectKind(path: string, isFolder: boolean): Promise<SourceKind> {
  if (!isFolder) return fileKind(path, await peek(path));
  return (await readdir(path)).some((name) => UCF101_LIST.test(name)) ? 'ucf101' : 'folder';
}
