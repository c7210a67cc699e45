import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { byEntry } from '../shard/shard-index.js';
import { decodePage, encodePage, type CatalogueRow } from './format.js';

/** Rows a page of a run: each run has one in memory while they are merged. */
const RUN_PAGE = 1024;

/** Sorted rows in a file of their own. */
export class RunFile {
  private constructor(
    private readonly path: string,
    private readonly lengths: readonly number[],
  ) {}

  /** @param rows are sorted in place */
  static write(path: string, rows: CatalogueRow[]): RunFile {
    rows.sort(byEntry);
    const lengths: number[] = [];
    const file = openSync(path, 'w');
    try {
      for (let from = 0; from < rows.length; from += RUN_PAGE) {
        const bytes = encodePage(rows.slice(from, from + RUN_PAGE));
        lengths.push(bytes.length);
        for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
      }
    } finally {
      closeSync(file);
    }
    return new RunFile(path, lengths);
  }

  *rows(): Generator<CatalogueRow, undefined> {
    let at = 0;
    for (const length of this.lengths) {
      const bytes = Buffer.allocUnsafe(length);
      // Opened for each page: there may be more runs than descriptors.
      const file = openSync(this.path, 'r');
      try {
        if (readSync(file, bytes, 0, length, at) < length)
          throw new Error(`${this.path} was cut while it was read`);
      } finally {
        closeSync(file);
      }
      at += length;
      yield* decodePage(bytes);
    }
    return undefined;
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}

/** Merges sorted runs by a binary heap of their first rows. */
export function* mergeRuns(runs: readonly RunFile[]): Generator<CatalogueRow, undefined> {
  const heap: { row: CatalogueRow; readonly rest: Generator<CatalogueRow, undefined> }[] = [];
  const sink = (from: number) => {
    for (let at = from; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        const [a, b] = [heap[child], heap[least]];
        if (a !== undefined && b !== undefined && byEntry(a.row, b.row) < 0) least = child;
      }
      const [here, there] = [heap[at], heap[least]];
      if (least === at || here === undefined || there === undefined) return;
      [heap[at], heap[least]] = [there, here];
      at = least;
    }
  };
  for (const run of runs) {
    const rest = run.rows();
    const first = rest.next();
    if (first.value !== undefined) heap.push({ row: first.value, rest });
  }
  for (let at = (heap.length >> 1) - 1; at >= 0; at--) sink(at);
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    yield top.row;
    const next = top.rest.next();
    if (next.value !== undefined) top.row = next.value;
    else {
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) heap[0] = last;
    }
    sink(0);
  }
  return undefined;
}
