import { basename } from 'node:path';
import type { CacheReader } from '../../cache/reader.js';
import { drawCurves } from '../../rendering/loss-curve.js';
import { drawGallery, type GalleryEntry } from '../../rendering/gallery-sheet.js';
import { spreadIndices } from '../../pipeline/reconstruct.js';
import type { RunSource } from './run/run-source.js';
import { shortNames } from './short-names.js';

/** Samples on a sheet: what fits on a page. */
const SHOWN = 48;

/** The frame in the middle of a sample's clip. */
export async function middleFrame(reader: CacheReader, index: number) {
  const { header, frames } = await reader.read(index);
  const { height, width } = header;
  const bytes = height * width * 3;
  const middle = (frames.length / bytes) >> 1;
  // A copy: the other frames need not stay in memory.
  return { header, height, width, frame: frames.slice(middle * bytes, (middle + 1) * bytes) };
}

/** A cache at a glance: samples spread over it, a frame of each. @returns PNG */
export async function drawCacheSheet(reader: CacheReader): Promise<Buffer> {
  const entries: GalleryEntry[] = [];
  for (const index of spreadIndices(reader.size, SHOWN)) {
    const { header, ...picture } = await middleFrame(reader, index);
    const note = `${basename(header.id)} · ${header.clip}`;
    entries.push({ ...picture, title: header.label ?? 'no label', note });
  }
  const { manifest } = reader;
  const shown = entries.length < reader.size ? `${entries.length} of ` : '';
  const { labels, audioPresent } = manifest.statistics;
  return drawGallery(
    entries,
    `${shown}${reader.size} samples`,
    `${Object.keys(labels).length} labels · ${audioPresent} with sound · fingerprint ${manifest.fingerprint.slice(0, 12)}`,
  );
}

/** The losses of runs as curves. @returns PNG @throws Error when none has logged a step */
export async function drawRunSheet(runs: readonly RunSource[]): Promise<Buffer> {
  const names = shortNames(runs.map(({ folder }) => folder));
  const curves = await Promise.all(
    runs.map(async (run, i) => {
      const { lines } = await run.metrics('');
      const points = lines.map(({ step = 0, loss = NaN }) => ({ step, value: loss }));
      return { name: names[i] ?? run.folder, points };
    }),
  );
  return drawCurves(curves, 'loss over steps');
}
