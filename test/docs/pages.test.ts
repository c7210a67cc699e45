import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { markdownFiles, proseOf, readPage, ROOT } from './markdown.js';

const COLUMNS = 100;

/** What GitHub calls a heading in an address. */
const anchorOf = (heading: string) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

const anchorsOf = (text: string) =>
  proseOf(text).flatMap((line) => {
    const heading = /^#+ (.+)$/.exec(line)?.[1];
    return heading === undefined ? [] : [anchorOf(heading.trim())];
  });

const withoutCode = (line: string) => line.replace(/`[^`]*`/g, '');

/** Targets of links and pictures, but for those on the web. */
const linksOf = (text: string) =>
  proseOf(text)
    .flatMap((line) => [...withoutCode(line).matchAll(/\]\(([^)\s]+)\)/g)])
    .map((match) => match[1] ?? '')
    .filter((target) => !/^[a-z]+:/i.test(target));

const exists = (path: string) =>
  access(join(ROOT, path)).then(
    () => true,
    () => false,
  );

/** The file that a link of a page leads to, as a path from the root. */
function targetOf(page: string, link: string): string {
  const [file = ''] = link.split('#');
  return file === '' ? page : normalize(join(dirname(page), file)).replaceAll('\\', '/');
}

/** What is wrong with a link of a page; nothing where it leads somewhere. */
async function problemOf(page: string, link: string): Promise<string | undefined> {
  const [, anchor] = link.split('#');
  const target = targetOf(page, link);
  if (!(await exists(target))) return `${page}: ${link}: there is no ${target}`;
  if (anchor === undefined || !target.endsWith('.md')) return undefined;
  return anchorsOf(await readPage(target)).includes(anchor)
    ? undefined
    : `${page}: ${link}: ${target} has no heading of this name`;
}

/** Tables, and lines that a link or an address makes long, may be longer. */
const mayBeLong = (line: string) =>
  /^\s*\|/.test(line) ||
  /https?:\/\//.test(line) ||
  /^\s*(?:[-*] )?!?\[[^\]]*\]\(\S+\)\S*$/.test(line);

describe('Markdown pages', () => {
  it('have links that lead somewhere', async () => {
    const problems: (string | undefined)[] = [];
    for (const page of await markdownFiles())
      for (const link of linksOf(await readPage(page))) problems.push(await problemOf(page, link));
    assert.ok(problems.length > 50, `only ${problems.length} links found`);
    assert.deepEqual(
      problems.filter((problem) => problem !== undefined),
      [],
    );
  });

  it(`have lines of at most ${COLUMNS} columns outside code, tables and addresses`, async () => {
    const long: string[] = [];
    for (const page of await markdownFiles())
      for (const [i, line] of proseOf(await readPage(page)).entries())
        if (line.length > COLUMNS && !mayBeLong(line))
          long.push(`${page}:${i + 1}: ${line.length}`);
    assert.deepEqual(long, []);
  });

  it('are all in the index of the documentation, or in that of their folder', async () => {
    const pages = (await markdownFiles()).filter((page) => page.startsWith('docs/'));
    const indexed = new Set(['docs/README.md']);
    for (const index of pages.filter((page) => page.endsWith('/README.md')))
      for (const link of linksOf(await readPage(index))) indexed.add(targetOf(index, link));
    assert.deepEqual(
      pages.filter((page) => !indexed.has(page)),
      [],
    );
  });

  it('of the four kinds begin with a title, then with what they are for', async () => {
    const pages = (await markdownFiles()).filter((page) =>
      /^docs\/(?:tutorial|how-to|reference|explanation)\//.test(page),
    );
    assert.ok(pages.length > 10);
    for (const page of pages) {
      const [title, empty, purpose] = (await readPage(page)).split('\n');
      assert.match(title ?? '', /^# \S/, page);
      assert.equal(empty, '', page);
      assert.match(purpose ?? '', /^[^#|!>`[\]-]/, page);
    }
  });

  it('lead newcomers in by a README of at most 70 lines', async () => {
    assert.ok((await readPage('README.md')).trimEnd().split('\n').length <= 70);
  });
});
