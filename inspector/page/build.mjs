/** Bundles the page into dist/: nothing of this is needed at run time. */
import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = here('../../dist/inspector/page/');

await mkdir(out, { recursive: true });
await build({
  entryPoints: [
    { in: here('main.tsx'), out: 'page' },
    { in: here('style.css'), out: 'page' },
  ],
  outdir: out,
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['chrome105', 'firefox110', 'safari16'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  // Licences of what is bundled stay with it.
  legalComments: 'inline',
  logLevel: 'warning',
});
await copyFile(here('index.html'), `${out}index.html`);
