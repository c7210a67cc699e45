import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { VideoEntry } from '../../cache/records.js';
import type { VideoSource } from './video-source.js';

/** What is taken for a video; anything else in a folder is passed over and reported. */
export const VIDEO_EXTENSIONS: ReadonlySet<string> = new Set(
  (
    '.3g2 .3gp .asf .avi .divx .dv .f4v .flv .gif .m2t .m2ts .m2v .m4v .mkv .mov .mp4 .mpeg .mpg ' +
    '.mts .mxf .nut .ogm .ogv .qt .rm .rmvb .ts .vob .webm .wmv .wtv .y4m'
  ).split(' '),
);

/** Folders directly under the root that name a split and no class. */
const SPLITS: ReadonlySet<string> = new Set(['train', 'val', 'valid', 'validation', 'test']);

interface Item {
  readonly names: readonly string[];
  readonly path: string;
  readonly folder: boolean;
}

/** What a link leads to, null when it leads nowhere. */
async function target(entry: Dirent, path: string): Promise<'file' | 'folder' | null> {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (!entry.isSymbolicLink()) return null;
  const found = await stat(path).catch(() => null);
  // A broken link is listed as a file, so that it shows up as missing instead of vanishing.
  return found === null || found.isFile() ? 'file' : found.isDirectory() ? 'folder' : null;
}

async function list(path: string, names: readonly string[]): Promise<Item[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    throw new Error(`cannot read the folder ${path}: ${(error as Error).message}`);
  });
  const items: Item[] = [];
  for (const entry of entries) {
    const inside = join(path, entry.name);
    const kind = await target(entry, inside);
    if (kind !== null)
      items.push({ names: [...names, entry.name], path: inside, folder: kind === 'folder' });
  }
  const name = (item: Item) => item.names.at(-1) ?? '';
  // By code unit: the same order on every machine, whatever its language.
  return items.sort((a, b) => (name(a) < name(b) ? -1 : 1));
}

/**
 * The videos of a folder and its subfolders, in the order of their names. A video in a subfolder is
 * labelled with the name of the outermost one; `train`, `val` and `test` at the top are splits, and
 * the folders in them the labels. Hidden files are passed over.
 * @param root absolute
 */
export function folderSource(root: string): VideoSource {
  async function* walk(
    folder: Pick<Item, 'path' | 'names'>,
    above: readonly string[],
    ignored?: (extension: string) => void,
  ): AsyncGenerator<VideoEntry> {
    const real = await realpath(folder.path);
    // A link to a folder that we are in would go round for ever.
    if (above.includes(real)) return;
    for (const item of await list(folder.path, folder.names)) {
      const name = item.names.at(-1) ?? '';
      const extension = extname(name).toLowerCase();
      if (name.startsWith('.')) ignored?.('hidden');
      else if (item.folder) yield* walk(item, [...above, real], ignored);
      else if (VIDEO_EXTENSIONS.has(extension)) yield toEntry(item);
      else ignored?.(extension === '' ? 'no extension' : extension);
    }
  }
  return {
    kind: 'folder',
    path: root,
    root,
    entries: (ignored) => walk({ path: root, names: [] }, [], ignored),
    fileOf: ({ id }) => id,
  };
}

function toEntry({ path, names }: Item): VideoEntry {
  const folders = names.slice(0, -1);
  const split = SPLITS.has(folders[0] ?? '') ? (folders.shift() ?? null) : null;
  return { path, id: names.join('/'), label: folders[0] ?? null, split, start: null, end: null };
}
