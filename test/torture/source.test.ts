import assert from 'node:assert/strict';
import { appendFile, copyFile, mkdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readQuarantine } from '../../cache/quarantine.js';
import { preprocess } from '../../pipeline/preprocess/preprocess.js';
import { contentHash } from '../../stages/source/content-hash.js';
import { decodeClip } from '../../stages/decode/decode-clip.js';
import { indexVideo } from '../../stages/probe/index-video.js';
import { makeVideo, scratchFolder } from '../support/media.js';
import { contentOf } from './support.js';

const options = { frames: 4, stride: 2, size: 32, patch: 8, maskRatio: 0.75, jobs: 2 };
const CHANGED = 'the file changed while it was read; run again once it is whole';
const GONE = 'the file does not exist';

describe('a source that changes under our hands', function () {
  this.timeout(120_000);
  const scratch = scratchFolder();
  let count = 0;
  let one = '';

  before(async () => {
    one = await makeVideo(scratch.path('one.mp4'), { seconds: 1 });
    await makeVideo(scratch.path('two.mp4'), { seconds: 1.2 });
  });

  async function dataSet(): Promise<{ source: string; file: string; cache: string }> {
    const source = scratch.path(`source-${count}`);
    await mkdir(source);
    await copyFile(scratch.path('two.mp4'), join(source, 'another.mp4'));
    await copyFile(one, join(source, 'file.mp4'));
    return { source, file: join(source, 'file.mp4'), cache: scratch.path(`cache-${count++}`) };
  }

  const MOMENTS = ['hashed', 'indexed', 'decoded'] as const;
  const CHANGES: Readonly<Record<string, readonly [(file: string) => Promise<unknown>, string]>> = {
    'has grown': [(file) => appendFile(file, 'more'), CHANGED],
    'was written anew, as long and as old': [
      async (file) => {
        const { atime, mtime } = await stat(file);
        await copyFile(scratch.path('two.mp4'), `${file}.new`);
        await utimes(`${file}.new`, atime, mtime);
        await rename(`${file}.new`, file);
      },
      CHANGED,
    ],
    'is gone': [(file) => rm(file), GONE],
    'is a folder now': [(file) => rm(file).then(() => mkdir(file)), 'it is no ordinary file'],
    'is empty now': [(file) => writeFile(file, ''), 'the file is empty'],
  };

  for (const [what, [change, cause]] of Object.entries(CHANGES))
    for (const moment of MOMENTS)
      it(`that ${what} once it is ${moment} is told apart, and taken the next time`, async () => {
        const { source, file, cache } = await dataSet();
        const at = (path: string, now: (typeof MOMENTS)[number]) =>
          path === file && now === moment ? change(file) : undefined;
        // The stages as they are, and something that happens after one of them.
        const { hash, index, decode } = {
          hash: async (path: string, signal?: AbortSignal) => {
            const result = await contentHash(path, signal);
            await at(path, 'hashed');
            return result;
          },
          index: async (...args: Parameters<typeof indexVideo>) => {
            const result = await indexVideo(...args);
            await at(args[0], 'indexed');
            return result;
          },
          decode: async (...args: Parameters<typeof decodeClip>) => {
            const result = await decodeClip(...args);
            await at(args[0].path, 'decoded');
            return result;
          },
        };
        const first = await preprocess({ source, cache, options, stages: { hash, index, decode } });
        assert.deepEqual([first.written, first.quarantined], [1, 1]);
        const [record] = await readQuarantine(cache);
        assert.deepEqual([record?.stage, record?.cause], ['read', cause]);
        // Put right, it is tried again without being asked, though its content has been met.
        await rm(file, { recursive: true, force: true });
        await copyFile(one, file);
        const second = await preprocess({ source, cache, options });
        assert.deepEqual([second.written, second.skipped, second.quarantined], [1, 1, 0]);
        const undisturbed = `${cache}-undisturbed`;
        await preprocess({ source, cache: undisturbed, options });
        assert.deepEqual(await contentOf(cache), await contentOf(undisturbed));
      });
});
