import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository; `dist/test/docs/` lies three folders below it. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** What is no text of ours. */
const SKIPPED = new Set(['node_modules', 'dist', 'coverage', '.git', 'avme-demo']);

/** Every Markdown file of the repository, as paths from its root with `/`. */
export async function markdownFiles(): Promise<string[]> {
  const files: string[] = [];
  async function walk(folder: string): Promise<void> {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) await walk(path);
      else if (entry.isFile() && entry.name.endsWith('.md')) files.push(path);
    }
  }
  await walk(ROOT);
  return files.map((path) => relative(ROOT, path).replaceAll('\\', '/')).sort();
}

/** The lines of a page; those of code blocks are empty. */
export function proseOf(text: string): string[] {
  let fence = '';
  return text.split('\n').map((line) => {
    const [, mark = ''] = /^ *(`{3,})/.exec(line) ?? [];
    const inside = fence !== '';
    if (mark !== '' && (!inside || mark.length >= fence.length)) fence = inside ? '' : mark;
    return inside || mark !== '' ? '' : line;
  });
}

export const readPage = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

/** The blocks of code of one language in a page, in their order. */
export function codeBlocks(text: string, language: string): string[] {
  const block = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm');
  return [...text.matchAll(block)].map((match) => match[1] ?? '');
}
