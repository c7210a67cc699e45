import { stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { csvSource } from './lists/csv.js';
import { detectKind, KNOWN_SOURCES } from './detect.js';
import { folderSource, VIDEO_EXTENSIONS } from './folder.js';
import { jsonlSource } from './lists/jsonl.js';
import { kineticsSource } from './lists/kinetics.js';
import { sourceOptions, type SourceOptions } from './options.js';
import { ssv2Source } from './lists/ssv2.js';
import { tableSource } from './lists/table.js';
import { ucf101Source } from './lists/ucf101.js';
import type { SourceKind, VideoSource } from './video-source.js';

/** @returns whether it is a folder @throws Error when it cannot be read, or is no file either */
async function isFolder(path: string, what: string): Promise<boolean> {
  const found = await stat(path).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(
      code === 'ENOENT' || code === 'ENOTDIR'
        ? `there is no ${what}`
        : `cannot read ${path}: ${message}`,
      { cause: error },
    );
  });
  if (!found.isDirectory() && !found.isFile())
    throw new Error(`${path} is neither a file nor a folder; lists are read twice, so give a file`);
  return found.isDirectory();
}

/** @throws Error when an option is given that this kind of source has no use for */
function assertUsed(
  kind: SourceKind,
  folder: boolean,
  { videos, fold, trimmed, columns }: SourceOptions,
) {
  if (videos !== null && kind === 'folder')
    throw new Error('--videos is for lists, but the source is a folder of videos itself');
  if (fold !== null && !(kind === 'ucf101' && folder))
    throw new Error('--fold is for the folder of the lists of UCF101; leave it out');
  if (trimmed && kind !== 'kinetics')
    throw new Error(`--trimmed is for Kinetics, but the source is of kind ${kind}; leave it out`);
  if (columns !== null && kind !== 'table' && kind !== 'jsonl')
    throw new Error(
      `--columns is for tables and JSON lists, but the source is of kind ${kind}; leave it out`,
    );
  if (folder !== (kind === 'folder') && kind !== 'ucf101')
    throw new Error(
      `--source-kind ${kind} needs ${folder ? 'a list, but the source is a folder' : 'a folder, but the source is a file'}`,
    );
}

/**
 * Opens whatever names the videos of a data set: a folder or a list, its kind found out by name and
 * content unless it is given.
 * @throws Error when there is nothing at `path`, or nothing that is known
 */
export async function openSource(
  path: string,
  options: SourceOptions = sourceOptions.parse({}),
): Promise<VideoSource> {
  const absolute = resolve(path);
  const folder = await isFolder(absolute, `folder or list at ${path}; give ${KNOWN_SOURCES}`);
  if (!folder && VIDEO_EXTENSIONS.has(extname(absolute).toLowerCase()))
    throw new Error(`${path} is a single video; put it into a folder and give that`);
  const kind = options.sourceKind ?? (await detectKind(absolute, folder, options.columns));
  assertUsed(kind, folder, options);
  const { fold, trimmed, columns } = options;
  const videos = options.videos === null ? undefined : resolve(options.videos);
  if (videos !== undefined && !(await isFolder(videos, `folder ${videos}; give another --videos`)))
    throw new Error(`--videos must be a folder, and ${videos} is a file`);
  switch (kind) {
    case 'folder':
      return folderSource(absolute);
    case 'jsonl':
      return jsonlSource(absolute, videos, columns);
    case 'table':
      return tableSource(absolute, columns, videos);
    case 'csv':
      return csvSource(absolute, videos);
    case 'ucf101':
      return ucf101Source(absolute, fold ?? 1, videos);
    case 'kinetics':
      return kineticsSource(absolute, trimmed, videos);
    case 'ssv2':
      return ssv2Source(absolute, videos);
  }
}
