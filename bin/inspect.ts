import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { BACKENDS } from '../model/index.js';
import { exportSample, inspectCache, Inspection, inspectSample } from '../pipeline/index.js';
import { drawContactSheet } from '../stages/index.js';
import { defineCommand, type Context } from './command.js';
import { EXIT, UsageError } from './failure.js';
import { openBrowser } from './inspect/open-browser.js';
import { serve } from './inspect/server.js';
import { cacheTable, quarantineRows, runTable, sampleRows, sampleTable } from './inspect/tables.js';

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
  terminal: z.boolean().default(false),
  backend: z.enum(['auto', ...BACKENDS]).default('wasm'),
});
type Options = z.output<typeof schema>;

async function showSample(
  folder: string,
  index: number,
  { out, png }: Options,
  { report, json }: Context,
): Promise<void> {
  const { reader } = await inspectCache(folder);
  try {
    const inspected = inspectSample(reader, index);
    const { summary, sample } = inspected;
    const { shape } = reader.manifest;
    if (json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    report.line(sampleTable(summary));
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
  { limit }: Options,
  { report, json }: Context,
): Promise<void> {
  const { summary, quarantine, reader } = await inspectCache(folder);
  try {
    if (json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    report.line(cacheTable(summary));
    if (summary.samples > 0) report.line(`\n${sampleRows(reader, limit)}`);
    if (summary.samples > limit) report.line(`… and ${summary.samples - limit} more (--limit)`);
    if (quarantine.length > 0) report.line(`\n${quarantineRows(quarantine)}`);
  } finally {
    await reader.close();
  }
}

async function printAll(inspection: Inspection, options: Options, context: Context): Promise<void> {
  for (const run of inspection.runs) {
    const answer = await run.answer();
    const { lines } = await run.metrics('');
    if (context.json)
      process.stdout.write(`${JSON.stringify({ ...answer, last: lines.at(-1) ?? null })}\n`);
    context.report.line(runTable(answer, lines.at(-1)));
  }
  for (const { folder } of inspection.caches) await printCache(folder, options, context);
}

/** Serves the page until Ctrl-C. */
async function servePage(
  inspection: Inspection,
  { port = 0, open }: Options,
  { report, signal }: Context,
): Promise<void> {
  const { url, close } = await serve(inspection, port);
  report.event('listening', { url });
  report.line(`${url}  (this machine only; Ctrl-C ends it)`);
  if (open) openBrowser(url);
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
    if (signal.aborted) resolve(undefined);
  });
  await close();
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
  summary:
    'Shows what caches and runs hold: as a page in the browser, as files, or in the terminal.',
  example: 'avme inspect runs/a runs/b\n  avme inspect cache/ --sample 0 --out sample-0/',
  args: [{ name: '<folders...>', key: 'folders', text: 'folders of caches and runs' }],
  schema,
  flags: {
    port: { value: 'n', text: 'serve the page here, also without a terminal; 0: any free port' },
    open: { negated: true, text: 'do not open the browser' },
    terminal: { text: 'tables in the terminal instead of the page' },
    sample: { value: 'n', text: 'show one sample, numbered from 0' },
    out: { value: 'folder', text: 'with --sample: write its frames, MFCC and contact sheet' },
    png: { value: 'file', text: 'with --sample: write its contact sheet' },
    limit: { value: 'n', text: 'how many samples the table lists' },
    backend: { value: 'name', text: 'what models are asked on: wasm leaves a GPU to the training' },
  },
  async run(options, context) {
    const { sample, out, png, folders, port, terminal, backend } = options;
    if (sample === undefined && (out !== undefined || png !== undefined))
      throw new UsageError('--out and --png write one sample: say which with --sample N');
    const inspection = await Inspection.open(folders, backend);
    const asPage = port !== undefined || (process.stdout.isTTY && !context.json && !terminal);
    if (sample !== undefined) await showSample(onlyCache(inspection), sample, options, context);
    else if (asPage) await servePage(inspection, options, context);
    else await printAll(inspection, options, context);
    return EXIT.done;
  },
});
