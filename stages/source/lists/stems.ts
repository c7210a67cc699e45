import { basename, extname } from 'node:path';
import { folderSource } from '../folder.js';

/** The videos of a folder and its subfolders by their names without extension; of two, the first. */
export async function videosByStem(root: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for await (const { path } of folderSource(root).entries()) {
    const stem = basename(path, extname(path));
    if (!found.has(stem)) found.set(stem, path);
  }
  return found;
}

/** Finds out once, when it is first asked. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
