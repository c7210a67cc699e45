import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The files that the page consists of, as `npm run build` made them. */
export interface PageFiles {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

const read = (name: string) => readFile(fileURLToPath(new URL(`../page/${name}`, import.meta.url)), 'utf8'); // prettier-ignore

/** @throws Error when the package was built without its page */
export async function readPage(): Promise<PageFiles> {
  try {
    const [html, script, style] = await Promise.all(
      ['index.html', 'page.js', 'page.css'].map(read),
    );
    return { html: html ?? '', script: script ?? '', style: style ?? '' };
  } catch (cause) {
    throw new Error('the page of the inspector is missing from this build; run npm run build', {
      cause,
    });
  }
}
