import { dirname, join } from 'node:path';
import type { VideoEntry } from '../../../cache/records.js';
import { kineticsCsv, kineticsJson, type KineticsRow } from './kinetics-rows.js';
import { once, videosByStem } from './stems.js';
import { WrongLines } from './line-error.js';
import { peek } from './text.js';
import type { VideoSource } from '../video-source.js';

const six = (seconds: number) => String(Math.trunc(seconds)).padStart(6, '0');

/** What the file of a segment is called once it is cut out: `ID_000001_000011`. */
const clipName = ({ youtubeId, segment }: KineticsRow) =>
  segment === null ? youtubeId : `${youtubeId}_${six(segment[0])}_${six(segment[1])}`;

/** The video of a row; one that is not there gets the name that it should have. */
function toEntry(
  row: KineticsRow,
  files: ReadonlyMap<string, string>,
  { root, trimmed }: { readonly root: string; readonly trimmed: boolean },
): VideoEntry {
  const { youtubeId, label, split, segment } = row;
  const id = clipName(row);
  const clip = files.get(id);
  const whole = clip === undefined ? files.get(youtubeId) : undefined;
  const [start, end] = whole === undefined || trimmed ? [null, null] : (segment ?? [null, null]);
  return { path: clip ?? whole ?? join(root, `${id}.mp4`), id, label, split, start, end };
}

/**
 * The annotations of Kinetics, JSON or CSV, of any size: no more than one row is in memory. Files are
 * found by name anywhere in the videos' folder: `ID_000001_000011.EXT` is a segment that was cut out,
 * `ID.EXT` the whole video, of which the segment is taken.
 * @param list absolute path
 * @param trimmed files called `ID.EXT` are segments as well
 * @param root folder of the videos; default: the list's own
 */
export function kineticsSource(list: string, trimmed: boolean, root = dirname(list)): VideoSource {
  const index = once(() => videosByStem(root));
  return {
    kind: 'kinetics',
    path: list,
    root,
    async *entries(_ignored, wrong) {
      const lines = new WrongLines(wrong);
      const files = await index();
      const isJson = (await peek(list)).trimStart().startsWith('{');
      for await (const row of isJson ? kineticsJson(list, lines) : kineticsCsv(list, lines))
        yield toEntry(row, files, { root, trimmed });
      lines.end();
    },
    // Not by the path: it is another one once a missing file has been found.
    fileOf: ({ id }) => id.replace(/_\d{6}_\d{6}$/, ''),
  };
}
