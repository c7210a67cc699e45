import { checkIndex } from '../../cache/check-index.js';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache, type CacheReader } from '../../cache/reader.js';
import { readQuarantine, type QuarantineRecord } from '../../cache/quarantine.js';
import type { ClipShape, Sample } from '../../cache/records.js';
import { drawContactSheet } from '../../rendering/contact-sheet.js';
import { encodePng } from '../../rendering/canvas.js';
import { cachedMaskRatio } from '../../pipeline/training/data/training-batches.js';

/** A cache at a glance; `avme inspect CACHE --json` prints it. */
export interface CacheSummary {
  readonly samples: number;
  readonly shards: number;
  readonly bytes: number;
  /** How many samples each label has; "" stands for no label. */
  readonly labels: Readonly<Record<string, number>>;
  readonly fingerprint: string;
  readonly audioPresent: number;
  readonly quarantined: number;
  readonly configuration: unknown;
  readonly statistics: unknown;
}

/** One sample in words and numbers; `avme inspect CACHE --sample N --json` prints it. */
export interface SampleSummary {
  readonly index: number;
  readonly key: string;
  readonly path: string;
  readonly id: string;
  readonly label: string | null;
  readonly split: string | null;
  readonly clip: number;
  /** Size of the stored frames in pixels. */
  readonly height: number;
  readonly width: number;
  /** Presentation times of the frames in seconds. */
  readonly times: readonly number[];
  readonly span: readonly [number, number];
  readonly audioPresent: boolean;
  readonly substituted: number;
  readonly held: number;
  readonly warnings: readonly string[];
  /** The spatial mask: the ratio asked for, how many positions it leaves visible, how many there are. */
  readonly mask: { readonly ratio: number; readonly visible: number; readonly positions: number };
  readonly mfcc: { readonly shape: readonly [number, number] };
}

function summarizeSample(reader: CacheReader, index: number, sample: Sample): SampleSummary {
  const { header, mask } = sample;
  const visible = mask.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0);
  const { mfccFrames, cepstra } = reader.manifest.shape;
  return {
    index,
    key: header.key,
    path: header.path,
    id: header.id,
    label: header.label,
    split: header.split,
    clip: header.clip,
    height: header.height,
    width: header.width,
    times: header.times,
    span: header.span,
    audioPresent: header.flags.audioPresent,
    substituted: header.flags.substituted,
    held: header.flags.held,
    warnings: header.flags.warnings,
    mask: { ratio: cachedMaskRatio(reader), visible, positions: mask.length },
    mfcc: { shape: [mfccFrames, cepstra] },
  };
}

/** Reads a cache's summary and its quarantine. */
export async function inspectCache(
  folder: string,
): Promise<{ summary: CacheSummary; quarantine: QuarantineRecord[]; reader: CacheReader }> {
  const reader = await openCache(folder);
  const quarantine = await readQuarantine(folder);
  const { manifest } = reader;
  const { labels, unlabelled, audioPresent } = manifest.statistics;
  const summary = {
    samples: reader.size,
    shards: manifest.shards.length,
    bytes: manifest.shards.reduce((sum, shard) => sum + shard.bytes, 0),
    labels: unlabelled > 0 ? { ...labels, '': unlabelled } : labels,
    fingerprint: manifest.fingerprint,
    audioPresent,
    quarantined: quarantine.length,
    configuration: manifest.configuration,
    statistics: manifest.statistics,
  };
  return { summary, quarantine, reader };
}

/** A sample and what is to be said of it. */
export interface InspectedSample {
  readonly summary: SampleSummary;
  readonly sample: Sample;
}

/** Reads one sample, its checksum verified. @throws RangeError when there is no such sample */
export async function inspectSample(reader: CacheReader, index: number): Promise<InspectedSample> {
  checkIndex(reader, index);
  const sample = await reader.read(index);
  return { summary: summarizeSample(reader, index, sample), sample };
}

/**
 * Writes a sample as files that anything can open: `frame-00.png` …, `mfcc.json`, `contact.png`.
 * @returns the paths
 */
export async function exportSample(
  { sample, summary }: InspectedSample,
  shape: ClipShape,
  folder: string,
): Promise<string[]> {
  const { height, width } = sample.header;
  const files = new Map<string, Buffer | string>();
  for (let i = 0; i < shape.frames; i++) {
    const frame = sample.frames.subarray(i * height * width * 3, (i + 1) * height * width * 3);
    files.set(`frame-${String(i).padStart(2, '0')}.png`, await encodePng(frame, width, height));
  }
  const rows = Array.from({ length: shape.mfccFrames }, (_, t) =>
    Array.from(sample.mfcc.subarray(t * shape.cepstra, (t + 1) * shape.cepstra)),
  );
  files.set(
    'mfcc.json',
    `${JSON.stringify({ ...summary.mfcc, span: summary.span, values: rows })}\n`,
  );
  files.set('contact.png', await drawContactSheet(sample, shape));
  await mkdir(folder, { recursive: true });
  for (const [name, content] of files) await writeFile(join(folder, name), content);
  return [...files.keys()].map((name) => join(folder, name));
}
