import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from '../../../cache/reader.js';
import { readQuarantine } from '../../../cache/quarantine.js';
import type { Sample } from '../../../cache/records.js';
import { preprocess } from '../../../pipeline/preprocess/preprocess.js';
import { preprocessOptions, type PreprocessInput } from '../../../pipeline/preprocess/options.js';
import { makeVideo, scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();
const options = { frames: 4, stride: 2, size: 32, patch: 8, maskRatio: 0.75, jobs: 2 };
let count = 0;

async function make(given: PreprocessInput, cache = scratch.path(`cache${count++}`)) {
  await preprocess({ source: scratch.path('videos'), cache, options: { ...options, ...given } });
  const reader = await openCache(cache);
  try {
    const samples: Sample[] = [];
    for (let i = 0; i < reader.size; i++) samples.push(structuredClone(reader.sample(i)));
    samples.sort((a, b) => `${a.header.id}${a.header.clip}`.localeCompare(`${b.header.id}${b.header.clip}`)); // prettier-ignore
    return { cache, samples, shape: reader.manifest.shape };
  } finally {
    await reader.close();
  }
}

const starts = (samples: readonly Sample[]) => samples.map(({ header }) => header.span[0]);

describe('the plan of a cache', () => {
  before(async () => {
    await mkdir(scratch.path('videos'));
    const X264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'];
    await makeVideo(join(scratch.path('videos'), 'tall.mp4'), { picture: 'testsrc2=s=90x160:r=25', seconds: 8, output: X264 }); // prettier-ignore
    await makeVideo(join(scratch.path('videos'), 'wide.mp4'), { seconds: 8, output: X264 });
  });

  it('keeps larger frames for random crops, and a mask of the square that the model sees', async () => {
    const { samples, shape } = await make({ storeSize: 48 });
    assert.deepEqual([shape.size, shape.storeSize, shape.square, shape.positions], [32, 48, true, 16]); // prettier-ignore
    for (const { header, frames, mask } of samples) {
      assert.deepEqual([header.height, header.width], [48, 48]);
      assert.deepEqual([frames.length, mask.length], [4 * 48 * 48 * 3, 16]);
    }
  });

  it('keeps frames that are not square', async () => {
    const { samples, shape } = await make({ storeSize: 48, fit: 'short-side' });
    assert.equal(shape.square, false);
    assert.deepEqual(samples.map(({ header }) => [header.height, header.width]), [[85, 48], [48, 64]]); // prettier-ignore
    for (const { header, frames } of samples)
      assert.equal(frames.length, 4 * header.height * header.width * 3);
  });

  it('draws random clips by the seed and the video alone', async () => {
    const random = { clips: 6, sampling: 'random', seed: 7 } as const;
    const first = await make({ ...random, jobs: 1 });
    assert.ok(new Set(starts(first.samples)).size > 9);
    assert.deepEqual((await make({ ...random, jobs: 4 })).samples, first.samples);
    // Other pixels, the same moments.
    assert.deepEqual(starts((await make({ ...random, size: 16 })).samples), starts(first.samples));
    assert.notDeepEqual(starts((await make({ ...random, seed: 8 })).samples), starts(first.samples)); // prettier-ignore
    const fewer = await make({ ...random, clips: 2 });
    assert.deepEqual(starts(fewer.samples), starts(first.samples.filter(({ header }) => header.clip < 2))); // prettier-ignore
    for (const { header } of first.samples) assert.equal(header.flags.held, 0);
  });

  it('is one with its cache: another plan is refused', async () => {
    const { cache } = await make({});
    const others: PreprocessInput[] = [{ sampling: 'random' }, { storeSize: 48 }, { fit: 'short-side' }, { videoStream: 0 }, { audioStream: 0 }]; // prettier-ignore
    for (const other of others) {
      const [name = ''] = Object.keys(other);
      await assert.rejects(make(other, cache), new RegExp(`other settings[^]*${name}`));
    }
    // Named or not, it is the same.
    assert.equal((await make({ storeSize: 32 }, cache)).samples.length, 2);
  });

  it('takes a stream that only some videos have from those', async () => {
    const { cache, samples } = await make({ videoStream: 1 });
    assert.equal(samples.length, 0);
    for (const { cause } of await readQuarantine(cache))
      assert.match(cause, /^there is no picture stream 1 in the file; it has 0: h264/);
  });

  it('must fit together', () => {
    const issues = preprocessOptions.safeParse({ size: 224, storeSize: 128 }).error?.issues ?? [];
    assert.match(issues[0]?.message ?? '', /at least the size that the model sees: 128 is less than 224/); // prettier-ignore
    assert.equal(preprocessOptions.safeParse({ videoStream: -1 }).success, false);
    assert.equal(preprocessOptions.safeParse({ sampling: 'odd' }).success, false);
  });
});
