import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { CacheReader, QuarantineRecord } from '../cache/index.js';
import {
  exportSample,
  inspectCache,
  inspectSample,
  type CacheSummary,
  type SampleSummary,
} from '../pipeline/index.js';
import { drawContactSheet } from '../stages/index.js';
import { defineCommand } from './command.js';
import { EXIT, UsageError } from './failure.js';
import { bytes, table, type Report } from './terminal.js';

const schema = z.strictObject({
  cache: z.string(),
  sample: z.coerce
    .number({ error: 'must be the number of a sample, from 0' })
    .int({ error: 'must be a whole number' })
    .min(0, { error: 'must be 0 or more' })
    .optional(),
  out: z.string().optional(),
  png: z.string().optional(),
  limit: z.coerce.number().int().min(0).default(20),
});

function cacheTable(summary: CacheSummary): string {
  const labels = Object.entries(summary.labels).sort(([, a], [, b]) => b - a);
  const shown = labels
    .slice(0, 12)
    .map(([label, count]) => `${label === '' ? '(no label)' : label} ${count}`);
  if (labels.length > shown.length) shown.push(`and ${labels.length - shown.length} more`);
  const share =
    summary.samples > 0 ? Math.round((100 * summary.audioPresent) / summary.samples) : 0;
  return table([
    ['samples', String(summary.samples)],
    ['shards', `${summary.shards}, ${bytes(summary.bytes)}`],
    ['with sound', `${summary.audioPresent} (${share} %)`],
    ['labels', shown.join(', ')],
    ['quarantined', String(summary.quarantined)],
    ['fingerprint', summary.fingerprint],
  ]);
}

function sampleRows(reader: CacheReader, limit: number): string {
  const rows = [['#', 'label', 'video', 'clip', 'span', 'sound', 'notes']];
  for (let i = 0; i < Math.min(limit, reader.size); i++) {
    const { label, id, clip, span, flags } = reader.header(i);
    const notes = [
      flags.substituted > 0 ? `${flags.substituted} substituted` : '',
      flags.held > 0 ? `${flags.held} held` : '',
      flags.warnings.length > 0 ? `${flags.warnings.length} decoder warnings` : '',
    ].filter((note) => note !== '');
    rows.push([
      String(i),
      label ?? '–',
      id,
      String(clip),
      `${span[0].toFixed(2)}–${span[1].toFixed(2)} s`,
      flags.audioPresent ? 'yes' : 'no',
      notes.join(', '),
    ]);
  }
  return table(rows);
}

function quarantineRows(quarantine: readonly QuarantineRecord[]): string {
  return table([
    ['quarantined', 'stage', 'cause'],
    ...quarantine.map(({ path, stage, cause }) => [path, stage, cause]),
  ]);
}

function sampleTable(summary: SampleSummary): string {
  const { mask, mfcc, span } = summary;
  return table([
    ['sample', `${summary.index}`],
    ['key', summary.key],
    ['video', summary.path],
    ['label', summary.label ?? '(no label)'],
    ['clip', `${summary.clip}, ${span[0].toFixed(3)}–${span[1].toFixed(3)} s`],
    ['frames', `${summary.times.length} of ${summary.width}×${summary.height}`],
    ['times', summary.times.map((time) => time.toFixed(3)).join(' ')],
    ['sound', summary.audioPresent ? `yes, MFCC ${mfcc.shape.join(' × ')}` : 'no'],
    ['mask', `ratio ${mask.ratio}, ${mask.visible} of ${mask.positions} positions visible`],
    ['substituted', String(summary.substituted)],
    ['held', String(summary.held)],
    ...summary.warnings.map((warning, i) => [i === 0 ? 'decoder' : '', warning]),
  ]);
}

async function showSample(
  reader: CacheReader,
  index: number,
  { out, png }: { out?: string | undefined; png?: string | undefined },
  report: Report,
  json: boolean,
): Promise<void> {
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
}

export const inspectCommand = defineCommand({
  name: 'inspect',
  summary: 'Shows what a cache holds: a table, or one sample as numbers and pictures.',
  example: 'avme inspect cache/ --sample 0 --out sample-0/',
  args: [{ name: '<cache>', key: 'cache', text: 'a cache folder' }],
  schema,
  flags: {
    sample: { value: 'n', text: 'show one sample, numbered from 0' },
    out: { value: 'folder', text: 'with --sample: write its frames, MFCC and contact sheet' },
    png: { value: 'file', text: 'with --sample: write its contact sheet' },
    limit: { value: 'n', text: 'how many samples the table lists' },
  },
  async run({ cache, sample, out, png, limit }, { report, json }) {
    if (sample === undefined && (out !== undefined || png !== undefined))
      throw new UsageError('--out and --png write one sample: say which with --sample N');
    const { summary, quarantine, reader } = await inspectCache(cache);
    try {
      if (sample !== undefined) {
        await showSample(reader, sample, { out, png }, report, json);
        return EXIT.done;
      }
      if (json) process.stdout.write(`${JSON.stringify(summary)}\n`);
      report.line(cacheTable(summary));
      if (summary.samples > 0) report.line(`\n${sampleRows(reader, limit)}`);
      if (summary.samples > limit) report.line(`… and ${summary.samples - limit} more (--limit)`);
      if (quarantine.length > 0) report.line(`\n${quarantineRows(quarantine)}`);
    } finally {
      await reader.close();
    }
    return EXIT.done;
  },
});
