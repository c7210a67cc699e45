import { open } from 'node:fs/promises';
import type { MetricsAnswer } from '../answers.js';

type Line = Record<string, number>;

/** More points than a curve has pixels are averaged. */
const MOST_LINES = 8000;
/** A log is read in pieces: it may be larger than a string can be. */
const PIECE = 1 << 22;
/** Steps and epochs name a point; a mean would name one that was never taken. */
const PLACES = ['step', 'epoch'];

/** The numbers of one line; nothing where it is torn, or not of this log. */
function parseLine(text: string): Line | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const numbers = Object.entries(parsed).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number',
    );
    const line = Object.fromEntries(numbers);
    return 'step' in line ? line : undefined;
  } catch {
    return undefined;
  }
}

/** Several lines as one: means, and the last one's place. */
export function joinLines(lines: readonly Line[]): Line {
  const last = lines.at(-1) ?? {};
  const out: Line = {};
  for (const name of new Set(lines.flatMap((line) => Object.keys(line)))) {
    const values = lines.flatMap((line) => line[name] ?? []);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    out[name] = PLACES.includes(name) ? (last[name] ?? mean) : mean;
  }
  return out;
}

/** Lines, thinned to at most `most`: each then stands for `every` of them. */
export function thin(lines: readonly Line[], most: number): { every: number; lines: Line[] } {
  const every = Math.max(1, Math.ceil(lines.length / most));
  if (every === 1) return { every, lines: [...lines] };
  const groups = Array.from({ length: Math.ceil(lines.length / every) }, (_, i) =>
    lines.slice(i * every, (i + 1) * every),
  );
  return { every, lines: groups.map(joinLines) };
}

/**
 * What a run has logged since the cursor was given out. A run that goes back to a checkpoint writes
 * its log anew, as another file: then everything is given again.
 * @param cursor as it was given; "" for everything
 */
export async function readMetricsSince(path: string, cursor: string): Promise<MetricsAnswer> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return { cursor: '', reset: cursor !== '', every: 1, lines: [] };
  try {
    const { ino, size } = await file.stat();
    const [, knownIno = '', knownOffset = '0'] = /^(\d+)-(\d+)$/.exec(cursor) ?? [];
    const goesOn = knownIno === String(ino) && Number(knownOffset) <= size;
    let offset = goesOn ? Number(knownOffset) : 0;
    const lines: Line[] = [];
    while (offset < size) {
      const piece = Buffer.alloc(Math.min(PIECE, size - offset));
      const { bytesRead } = await file.read(piece, 0, piece.length, offset);
      // A last line without its end is still being written.
      const end = piece.subarray(0, bytesRead).lastIndexOf('\n') + 1;
      if (end === 0) break;
      for (const text of piece.toString('utf8', 0, end).split('\n')) {
        const line = text === '' ? undefined : parseLine(text);
        if (line !== undefined) lines.push(line);
      }
      offset += end;
    }
    return { cursor: `${ino}-${offset}`, reset: !goesOn && cursor !== '', ...thin(lines, MOST_LINES) }; // prettier-ignore
  } finally {
    await file.close();
  }
}
