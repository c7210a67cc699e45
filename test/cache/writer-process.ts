/*
 * A process that writes a cache until it is killed: `node writer-process.js FOLDER COUNT`. Prints
 * "open" when it has the cache open and "sealed" when it is through; then it waits for its end.
 */
import { openCacheWriter } from '../../cache/writer.js';
import { makeSample, OPTIONS } from './support.js';

const [folder = '', count = '0'] = process.argv.slice(2);
try {
  const writer = await openCacheWriter(folder, { ...OPTIONS, shardBytes: 400_000 });
  process.stdout.write('open\n');
  // Several puts under way at a time, as the pipeline has them.
  for (let i = 0; i < Number(count); i += 3)
    await Promise.all([i, i + 1, i + 2].map((number) => writer.put(makeSample(number))));
  if (Number(count) > 0) await writer.seal();
  process.stdout.write('sealed\n');
  setInterval(() => undefined, 1000);
} catch (error) {
  process.stdout.write(`${(error as Error).message}\n`);
}
