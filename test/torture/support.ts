import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openCache } from '../../cache/reader.js';
import { readQuarantine } from '../../cache/quarantine.js';
import { randomFor } from '../../cache/order/random.js';
import { makeVideo } from '../support/media.js';

/** The long versions of these tests run for an hour or so; `npm run test:long`. */
export const LONG = process.env['AVME_LONG'] === '1';

/** Skips a suite where there is no `/proc` to look at processes. */
export function onLinux(): void {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });
}

/** What the torture draws from; printed, so that `AVME_SEED` can repeat a failure. */
export function tortureRandom(purpose: string): () => number {
  const seed = Number(process.env['AVME_SEED'] ?? Date.now() % 1_000_000);
  process.stdout.write(`      AVME_SEED=${seed} (${purpose})\n`);
  return randomFor(seed, 0, 'torture', purpose);
}

/** All that a cache holds: a digest of each sample by its key, its checksum verified on the way. */
export async function digestsOf(cache: string): Promise<Map<string, string>> {
  const reader = await openCache(cache);
  try {
    const digests = new Map<string, string>();
    for (let i = 0; i < reader.size; i++) {
      const { header, frames, mask, mfcc } = reader.sample(i);
      const hash = createHash('sha256').update(JSON.stringify(header)).update(frames).update(mask);
      hash.update(new Uint8Array(mfcc.buffer, mfcc.byteOffset, mfcc.byteLength));
      if (digests.has(header.key)) throw new Error(`${cache} has ${header.key} twice`);
      digests.set(header.key, hash.digest('hex'));
    }
    return digests;
  } finally {
    await reader.close();
  }
}

/** What a finished cache comes to, in whatever order and by however many runs it was made. */
export async function contentOf(cache: string) {
  const samples = await digestsOf(cache);
  const reader = await openCache(cache);
  const { sealed, statistics } = reader.manifest;
  await reader.close();
  const quarantine = await readQuarantine(cache);
  return {
    sealed,
    statistics,
    samples: [...samples].sort(([a], [b]) => (a < b ? -1 : 1)),
    quarantine: quarantine.map(({ id, stage, cause }) => `${id}: ${stage}: ${cause}`).sort(),
  };
}

/** Ids of the processes, ours left out, whose command line holds these texts; zombies have none. */
export async function processesNaming(...texts: string[]): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const found: number[] = [];
  for (const pid of pids) {
    if (pid === process.pid) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (texts.every((text) => line.includes(text))) found.push(pid);
  }
  return found;
}

/** Waits until no process names this text any more. @returns the ids of those that do not end */
export async function outlive(text: string, seconds = 10): Promise<number[]> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const left = await processesNaming(text);
    if (left.length === 0 || performance.now() > deadline) return left;
    await setTimeout(20);
  }
}

/** Peak of the resident memory in bytes, as far as looking every 20 ms shows it. */
export interface Peaks {
  /** Of the process itself; this one is exact. */
  own: number;
  /** Of the largest of its children. */
  child: number;
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

/** Peak resident memory of a process so far, bytes; 0 when it is gone. */
export async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}

/** Watches a process and its children until `stop` is called. */
export function watchPeaks(pid: number): { peaks: Peaks; stop: () => void } {
  const peaks: Peaks = { own: 0, child: 0 };
  const state = { busy: false };
  const timer = setInterval(() => {
    if (state.busy) return;
    state.busy = true;
    void (async () => {
      peaks.own = Math.max(peaks.own, await peakOf(pid));
      for (const child of await childrenOf(pid))
        peaks.child = Math.max(peaks.child, await peakOf(child));
      state.busy = false;
    })();
  }, 20);
  return {
    peaks,
    stop: () => {
      clearInterval(timer);
    },
  };
}

/** Makes the peak of our own memory begin anew. */
export async function resetPeak(): Promise<void> {
  // Collected first, where the run allows it: what earlier tests left is not this one's.
  globalThis.gc?.();
  await writeFile('/proc/self/clear_refs', '5').catch(() => undefined);
}

/** All processes that a process has started, and that these have. */
export async function descendantsOf(pid: number): Promise<number[]> {
  const children = await childrenOf(pid);
  return [...children, ...(await Promise.all(children.map(descendantsOf))).flat()];
}

/** Waits until the processes have ended. @returns those that do not */
export async function ended(pids: readonly number[], seconds = 10): Promise<number[]> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))); // prettier-ignore
    const left = pids.filter((_, i) => lines[i] !== '');
    if (left.length === 0 || performance.now() > deadline) return left;
    await setTimeout(20);
  }
}

/** A small data set of several containers, one of whose six files is no video. */
export async function makeSource(folder: string): Promise<void> {
  await mkdir(join(folder, 'a'), { recursive: true });
  await mkdir(join(folder, 'b'));
  const make = (name: string, size: string, seconds: number, more: readonly string[] = []) =>
    makeVideo(join(folder, name), { picture: `testsrc2=s=${size}:r=25`, seconds, output: more });
  await make('a/short.mp4', '160x120', 1);
  await make('a/long.mkv', '320x240', 6, ['-g', '25']);
  await make('b/large.avi', '640x480', 3, ['-c:v', 'mpeg4']);
  await make('b/late.webm', '160x120', 2, ['-c:v', 'libvpx', '-deadline', 'realtime']);
  await make('b/other.ts', '176x144', 2);
  await writeFile(join(folder, 'b', 'broken.mp4'), 'this is no video');
}
