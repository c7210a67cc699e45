import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { BACKENDS } from '../../engine/backend.js';
import { drawCacheSheet } from '../../inspector/views/sheets.js';
import { exportSample, inspectCache, inspectSample } from '../../inspector/views/summary.js';
import { Inspection } from '../../inspector/views/inspection.js';
import { drawContactSheet } from '../../rendering/contact-sheet.js';
import { defineCommand, type Context } from '../cli/command.js';
import { EXIT, UsageError } from '../cli/failure.js';
import { writeHtml } from '../../inspector/server/html.js';
import { openBrowser } from '../../inspector/server/open-browser.js';
import { serve } from '../../inspector/server/server.js';
import {
  cacheInTerminal,
  runsInTerminal,
  sampleInTerminal,
} from '../../inspector/terminal/terminal-mode.js';
import {
  cacheTable,
  quarantineRows,
  runTable,
  sampleRows,
  sampleTable,
} from '../cli/inspect-tables.js';
import { bytes } from '../cli/terminal.js';

const schema = z.strictObject({
  folders: z.union([z.string().transform((folder) => [folder]), z.array(z.string()).min(1)]),
  sample: z.coerce
    .number({ error: 'must be the number of a sample, from 0' })
    .int({ error: 'must be a whole number' })
    .min(0, { error: 'must be 0 or more' })
    .optional(),
  out: z.string().optional(),
  png: z.string().optional(),
  limit: z.coerce.number().int().min(0).default(20),
  port: z.coerce
    .number({ error: 'must be a port, 0 to 65535; 0 is any that is free' })
    .int()
    .min(0)
    .max(65535)
    .optional(),
  open: z.boolean().default(true),
  html: z.string().optional(),
  terminal: z.boolean().default(false),
  backend: z.enum(['auto', ...BACKENDS]).default('wasm'),
});
type Options = z.output<typeof schema>;

async function showSample(
  folder: string,
  index: number,
  { out, png, terminal }: Options,
  { report, json }: Context,
): Promise<void> {
  const { reader } = await inspectCache(folder);
  try {
    const inspected = await inspectSample(reader, index);
    const { summary, sample } = inspected;
    const { shape } = reader.manifest;
    if (json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    report.line(sampleTable(summary));
    if (terminal) report.line(await sampleInTerminal(sample, reader));
    if (out !== undefined) {
      const files = await exportSample(inspected, shape, out);
      report.line(`\nwrote ${files.length} files into ${out}`);
    }
    if (png !== undefined) {
      await writeFile(png, await drawContactSheet(sample, shape));
      report.line(`\nwrote ${png}`);
    }
  } finally {
    await reader.close();
  }
}

async function printCache(
  folder: string,
  { limit, terminal }: Options,
  { report, json }: Context,
): Promise<void> {
  const { summary, quarantine, reader } = await inspectCache(folder);
  try {
    if (json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    report.line(cacheTable(summary));
    if (terminal) report.line(await cacheInTerminal(reader));
    if (summary.samples > 0) report.line(`\n${sampleRows(reader, limit)}`);
    if (summary.samples > limit) report.line(`… and ${summary.samples - limit} more (--limit)`);
    if (quarantine.length > 0) report.line(`\n${quarantineRows(quarantine)}`);
  } finally {
    await reader.close();
  }
}

async function printAll(inspection: Inspection, options: Options, context: Context): Promise<void> {
  const { report, json } = context;
  let logged = false;
  for (const run of inspection.runs) {
    const answer = await run.answer();
    const { lines } = await run.metrics('');
    logged ||= lines.length > 0;
    if (json)
      process.stdout.write(`${JSON.stringify({ ...answer, last: lines.at(-1) ?? null })}\n`);
    report.line(`${runTable(answer, lines.at(-1))}\n`);
  }
  if (options.terminal && logged) report.line(await runsInTerminal(inspection));
  for (const { folder } of inspection.caches) await printCache(folder, options, context);
}

/** All that was given as one picture: the losses of runs, or samples of a cache. */
async function writePng(inspection: Inspection, path: string, { report }: Context): Promise<void> {
  const [cache] = inspection.caches;
  if (inspection.runs.length > 0) await writeFile(path, await inspection.runSheet());
  else if (cache !== undefined) await writeFile(path, await drawCacheSheet(await cache.reader()));
  report.line(`wrote ${path}`);
  report.event('done', { png: path });
}

async function writePage(
  inspection: Inspection,
  path: string,
  sample: number | undefined,
  { report, signal }: Context,
): Promise<void> {
  const onProgress = (done: number, total: number) => {
    report.progress(`${done}/${total} samples`);
  };
  const html = await writeHtml({ inspection, sample, onProgress, signal });
  await writeFile(path, html);
  report.line(`wrote ${path}, ${bytes(Buffer.byteLength(html))}; it opens anywhere, without avme`);
  report.event('done', { html: path });
}

/** Serves the page until Ctrl-C. */
async function servePage(
  inspection: Inspection,
  { port = 0, open }: Options,
  { report, signal }: Context,
): Promise<void> {
  const server = await serve(inspection, port);
  const { url } = server;
  report.event('listening', { url });
  report.line(`${url}  (this machine only; Ctrl-C ends it)`);
  if (open) openBrowser(url);
  // While the browser starts; a cache that cannot be opened says so in the page.
  for (const cache of inspection.caches) cache.reader().catch(() => undefined);
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
    if (signal.aborted) resolve(undefined);
  });
  await server.close();
}

/** The one cache that --sample is about. @throws UsageError */
function onlyCache({ caches, runs }: Inspection): string {
  const [cache] = caches;
  if (cache === undefined || caches.length > 1 || runs.length > 0)
    throw new UsageError('--sample shows a sample of one cache: give that cache alone');
  return cache.folder;
}

export const inspectCommand = defineCommand({
  name: 'inspect',
  example: 'avme inspect runs/a runs/b\n  avme inspect cache/ --sample 0 --out sample-0/',
  args: [{ name: '<folders...>', key: 'folders', text: 'folders of caches and runs' }],
  schema,
  flags: {
    port: { value: 'n', text: 'serve the page here, also without a terminal; 0: any free port' },
    open: { negated: true, text: 'do not open the browser' },
    terminal: { text: 'tables and pictures in the terminal instead of the page' },
    html: { value: 'file', text: 'write one HTML file that opens anywhere, without avme' },
    sample: { value: 'n', text: 'show one sample, numbered from 0' },
    out: { value: 'folder', text: 'with --sample: write its frames, MFCC and contact sheet' },
    png: {
      value: 'file',
      text: 'write a picture: samples, losses, or with --sample its contact sheet',
    },
    limit: { value: 'n', text: 'how many samples the table lists' },
    backend: { value: 'name', text: 'what models are asked on: wasm leaves a GPU to the training' },
  },
  async run(options, context) {
    const { sample, out, png, html, folders, port, terminal, backend } = options;
    if (sample === undefined && out !== undefined)
      throw new UsageError('--out writes one sample: say which with --sample N');
    const inspection = await Inspection.open(folders, backend);
    const files = png !== undefined || html !== undefined;
    const toTerminal = terminal || files || context.json || !process.stdout.isTTY;
    try {
      if (html !== undefined) await writePage(inspection, html, sample, context);
      if (sample !== undefined) {
        const cache = onlyCache(inspection);
        if (html === undefined || out !== undefined || png !== undefined)
          await showSample(cache, sample, options, context);
      } else if (png !== undefined) await writePng(inspection, png, context);
      else if (port !== undefined || !toTerminal) await servePage(inspection, options, context);
      else if (!files) await printAll(inspection, options, context);
    } finally {
      await inspection.close();
    }
    return EXIT.done;
  },
});
