/*
 * What reads caches of many shards while few descriptors are left: `node descriptors-process.js
 * FOLDER WHAT`; prints one line of JSON.
 */
import fs, { closeSync, readdirSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { openCache } from '../../cache/reader.js';
import { surveyCache } from '../../cache/verify/survey.js';
import { runFfmpeg } from '../../stages/ffmpeg/ffmpeg.js';
import { Loader } from '../../stages/load/loader.js';
import { DRAW } from '../stages/load/support.js';

const [folder = '', what = ''] = process.argv.slice(2);
const { openSync } = fs;
const openNow = () => readdirSync('/proc/self/fd').length;

/** Opens files until so many descriptors are left. */
function leave(count: number): number[] {
  const hogs: number[] = [];
  try {
    for (;;) hogs.push(openSync('/dev/null', 'r'));
  } catch {
    for (let i = 0; i < count; i++) closeSync(hogs.pop() ?? -1);
  }
  return hogs;
}

const wordsOf = (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`;

const release = (hogs: readonly number[]) => {
  for (const hog of hogs) closeSync(hog);
};

const ACTIONS: Record<string, () => Promise<object>> = {
  /** Every sample; one is kept borrowed while all others are read. */
  async read() {
    const reader = await openCache(folder);
    let same = true;
    reader.withSample(0, ({ frames, mfcc }) => {
      const before = [frames.slice(), mfcc.slice()];
      for (let i = 1; i < reader.size; i++) reader.withSample(i, () => undefined);
      same = Buffer.compare(frames, before[0] as Uint8Array) === 0 && mfcc.every((x, i) => x === before[1]?.[i]); // prettier-ignore
    });
    const open = openNow();
    await reader.close();
    return { samples: reader.size, same, open, closed: openNow() };
  },
  /** While others of the process take up all descriptors but a few. */
  async squeezed() {
    const reader = await openCache(folder);
    for (let i = 0; i < 100; i++) reader.header(i);
    const hogs = leave(1);
    let read = 0;
    for (let i = 0; i < reader.size; i++) read += reader.sample(i).frames.length > 0 ? 1 : 0;
    release(hogs);
    return { read };
  },
  /** While there is none at all. */
  async none() {
    const reader = await openCache(folder);
    await reader.close();
    const hogs = leave(0);
    let said = '';
    try {
      reader.sample(0);
    } catch (error) {
      said = wordsOf(error);
    }
    release(hogs);
    return { said };
  },
  /** The last descriptors vanish between the manifest, which is read by fs/promises, and the shards. */
  async survey() {
    const hogs: number[] = [];
    const { openSync: open } = fs;
    fs.openSync = (...words: Parameters<typeof open>) => {
      hogs.push(...leave(0));
      return open(...words);
    };
    syncBuiltinESMExports();
    const said = await surveyCache(folder).then(
      ({ shards }) => `surveyed: ${shards.map(({ problem }) => problem ?? '').join()}`,
      wordsOf,
    );
    fs.openSync = open;
    syncBuiltinESMExports();
    release(hogs);
    return { said };
  },
  /** A run of ffmpeg, of two outputs, while there are descriptors for one pipe. */
  async ffmpeg() {
    const hogs = leave(2);
    const output = { outputOptions: ['-f', 'rawvideo'], maxBytes: 1 };
    const said = await runFfmpeg({ ...output, beside: output, stage: 'decode', path: folder, timeout: 10 }).then(
      () => 'done',
      wordsOf,
    ); // prettier-ignore
    release(hogs);
    return { said };
  },
  async load() {
    const reader = await openCache(folder);
    const loader = new Loader({ ...DRAW, sources: [{ reader }], batch: 50, workers: 3 });
    let clips = 0;
    let open = 0;
    for await (const loaded of loader.batches(0, 2 * reader.size)) {
      clips += loaded.keys.length;
      open = Math.max(open, openNow());
      loaded.release();
    }
    await loader.close();
    await reader.close();
    return { clips, open };
  },
};

process.stdout.write(`${JSON.stringify(await ACTIONS[what]?.())}\n`);
