/*
 * Whether the memory of a run grows with the number of its videos:
 * `node --expose-gc dist/bench/preprocess-memory.js [VIDEOS]` (10,000 by default, about ten minutes).
 * Prints a line for each stretch of the run, after a garbage collection, and at the end what one
 * video costs: the slope from the first thousand on.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preprocess } from '../pipeline/preprocess/preprocess.js';
import { makeTinyClips } from '../test/torture/tiny-clips.js';

const count = Number(process.argv[2] ?? 10_000);
const gc = globalThis.gc;
if (gc === undefined) throw new Error('run it with node --expose-gc');

const folder = await mkdtemp(join(tmpdir(), 'avme-memory-'));
try {
  const source = await makeTinyClips(join(folder, 'videos'), count);
  const points: { readonly done: number; readonly held: number }[] = [];
  const look = async (done: number) => {
    gc();
    const { heapUsed, external } = process.memoryUsage();
    const status = await readFile('/proc/self/status', 'utf8');
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? NaN) / 1024; // prettier-ignore
    points.push({ done, held: heapUsed + external });
    const columns = [heapUsed / 2 ** 20, external / 2 ** 20, field('RssAnon'), field('RssFile'), field('VmHWM')]; // prettier-ignore
    process.stdout.write(`${String(done).padStart(7)}${columns.map((mib) => mib.toFixed(1).padStart(10)).join('')}\n`); // prettier-ignore
  };
  process.stdout.write(' videos      heap  external   RssAnon   RssFile   VmHWM   (MiB)\n');
  const start = performance.now();
  let looking: Promise<void> = Promise.resolve();
  const summary = await preprocess({
    source,
    cache: join(folder, 'cache'),
    options: { frames: 8, stride: 1, size: 32, patch: 8, maskRatio: 0.75 },
    onEvent: (event) => {
      if (event.event !== 'progress') return;
      const { done } = event;
      const step = 10 ** Math.floor(Math.log10(done));
      if (done >= 10 && done % step === 0) looking = looking.then(() => look(done));
    },
  });
  await looking;
  const seconds = (performance.now() - start) / 1000;
  const late = points.filter(({ done }) => done >= Math.min(1000, count / 10));
  const [first, last] = [late[0], late.at(-1)];
  const slope = first && last ? (last.held - first.held) / (last.done - first.done) : NaN;
  process.stdout.write(
    `${summary.written} written in ${seconds.toFixed(0)} s (${((1000 * seconds) / count).toFixed(0)} ms a video); ` +
      `${slope.toFixed(0)} bytes of heap and buffers a video\n`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
