import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from '../../../cache/reader.js';
import { readQuarantine } from '../../../cache/quarantine.js';
import type { Sample } from '../../../cache/records.js';
import { preprocess } from '../../../pipeline/preprocess/preprocess.js';
import type { PreprocessInput } from '../../../pipeline/preprocess/options.js';
import { makeVideo, scratchFolder } from '../../support/media.js';

const OPTIONS = { frames: 4, size: 48, fit: 'short-side' } as const;

describe('preprocessing into a lossy cache', () => {
  const { path } = scratchFolder();

  before(async () => {
    await mkdir(path('videos'));
    const picture = 'testsrc2=s=160x120:r=25,gblur=4';
    await makeVideo(join(path('videos'), 'a.mp4'), { picture });
    await makeVideo(join(path('videos'), 'b.mp4'), { picture, sound: null, seconds: 1.5 });
    await mkdir(path('tall'));
    // 48 × 768: 64 frames below each other are more rows than a WebP picture can have.
    await makeVideo(join(path('tall'), 'tall.mp4'), { picture: 'testsrc2=s=48x768:r=25', seconds: 1 }); // prettier-ignore
  });

  async function make(cache: string, options: PreprocessInput, source = 'videos') {
    const summary = await preprocess({ source: path(source), cache: path(cache), options: { ...OPTIONS, ...options } }); // prettier-ignore
    const reader = await openCache(path(cache));
    const samples: Sample[] = [];
    for (let i = 0; i < reader.size; i++) samples.push(await reader.read(i));
    await reader.close();
    return { summary, samples, manifest: reader.manifest };
  }

  it('keeps frames near to what they were, and all else', async () => {
    const raw = await make('raw', {});
    assert.equal(raw.manifest.configuration['store'], 'raw');
    for (const store of ['jpeg', 'webp'] as const) {
      const lossy = await make(store, { store });
      assert.deepEqual([lossy.manifest.configuration['store'], lossy.manifest.configuration['quality']], [store, 90]); // prettier-ignore
      assert.match(
        JSON.stringify(lossy.manifest.tools['frames']),
        /^"sharp \d+\.\d+\.\d+ with libvips/,
      );
      assert.equal(lossy.samples.length, 2);
      lossy.samples.forEach(({ header, frames, mfcc }, i) => {
        const before = raw.samples[i]!;
        const { key, ...rest } = before.header;
        assert.deepEqual(header, { key: header.key, ...rest });
        assert.notEqual(header.key, key);
        assert.deepEqual(mfcc, before.mfcc);
        const error = frames.reduce(
          (sum, value, k) => sum + Math.abs(value - before.frames[k]!),
          0,
        );
        assert.ok(error > 0 && error / frames.length < 5, `mean error ${error / frames.length}`);
      });
    }
  });

  it('goes on with the same quality only', async () => {
    const once = await make('once', { store: 'jpeg', quality: 80 });
    const again = await make('once', { store: 'jpeg', quality: 80 });
    assert.deepEqual([once.summary.written, again.summary.skipped], [2, 2]);
    await assert.rejects(make('once', { store: 'jpeg', quality: 81 }), /quality: cache has 80, asked for 81/); // prettier-ignore
    await assert.rejects(make('once', {}), /store: cache has "jpeg", asked for "raw"/);
  });

  it('puts what is too large for one picture into quarantine', async () => {
    const { summary } = await make('tall-webp', { store: 'webp', frames: 64, stride: 1 }, 'tall');
    assert.equal(summary.quarantined, 1);
    const [entry] = await readQuarantine(path('tall-webp'));
    assert.deepEqual([entry?.stage, entry?.cause], ['describe', '64 frames of 48×768 are too large for one webp picture; keep them as jpeg or raw']); // prettier-ignore
    assert.equal((await make('tall-raw', { frames: 64, stride: 1 }, 'tall')).summary.written, 1);
  });
});
