import type { CacheReader } from '../../cache/reader.js';
import type { QuarantineRecord } from '../../cache/quarantine.js';
import type { CacheSummary, SampleSummary } from '../../inspector/views/summary.js';
import type { RunAnswer } from '../../inspector/views/answers.js';
import { bytes, table } from './terminal.js';

export function cacheTable(summary: CacheSummary): string {
  const labels = Object.entries(summary.labels).sort(([, a], [, b]) => b - a);
  const shown = labels
    .slice(0, 12)
    .map(([label, count]) => `${label === '' ? '(no label)' : label} ${count}`);
  if (labels.length > shown.length) shown.push(`and ${labels.length - shown.length} more`);
  const fraction =
    summary.samples > 0 ? Math.round((100 * summary.audioPresent) / summary.samples) : 0;
  return table([
    ['samples', String(summary.samples)],
    ['shards', `${summary.shards}, ${bytes(summary.bytes)}`],
    ['with sound', `${summary.audioPresent} (${fraction} %)`],
    ['labels', shown.join(', ')],
    ['quarantined', String(summary.quarantined)],
    ['fingerprint', summary.fingerprint],
  ]);
}

export function sampleRows(reader: CacheReader, limit: number): string {
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

export function quarantineRows(quarantine: readonly QuarantineRecord[]): string {
  return table([
    ['quarantined', 'stage', 'cause'],
    ...quarantine.map(({ path, stage, cause }) => [path, stage, cause]),
  ]);
}

export function sampleTable(summary: SampleSummary): string {
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

export function runTable(
  run: RunAnswer,
  last: Readonly<Record<string, number>> | undefined,
): string {
  const { variant, steps, checkpoints, caches } = run;
  const metrics = Object.entries(last ?? {}).filter(([name]) => name !== 'step');
  return table([
    ['run', run.folder],
    ['variant', variant],
    ['cache', caches.length === 0 ? 'unknown' : caches.join(', ')],
    ['step', `${last?.['step'] ?? 0}${steps === null ? '' : ` of ${steps}`}`],
    ...metrics.map(([name, value]) => [name, String(Number(value.toPrecision(5)))]),
    ['checkpoints', checkpoints.length === 0 ? 'none yet' : checkpoints.join(', ')],
  ]);
}
