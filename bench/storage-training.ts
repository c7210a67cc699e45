/**
 * Does a model learn less from lossy frames? The same clips, keys, masks and seeds; caches that differ
 * only in how they keep frames; a small model trained on each, its reconstructions compared with the
 * raw frames. Several seeds, so that the differences can be told from chance.
 *
 *   node dist/bench/storage-training.js [FOLDER OF VIDEOS] [STEPS] [SEEDS] [CLIPS A VIDEO]
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openCache } from '../cache/reader.js';
import { openCacheWriter } from '../cache/writer.js';
import type { FrameStore } from '../cache/codec/frame-encoding.js';
import { modelChoice } from '../pipeline/training/model-choice.js';
import { preprocess } from '../pipeline/preprocess/preprocess.js';
import { pretrain } from '../pipeline/training/pretrain.js';
import { reconstruct } from '../pipeline/reconstruct.js';
import { trainingOptions } from '../stages/train/training-options.js';
import { makeDemoMedia } from '../experiments/demo/demo-media.js';
import { psnr } from './image-distance.js';

const STORES: readonly FrameStore[] = [
  { format: 'raw', quality: 100 },
  { format: 'jpeg', quality: 90 },
  { format: 'webp', quality: 90 },
  { format: 'jpeg', quality: 50 },
  { format: 'jpeg', quality: 10 },
];

const MODEL = modelChoice.parse({
  variant: 'av',
  preset: 'ti',
  width: 96,
  depth: 2,
  heads: 1,
  decoderWidth: 64,
  decoderDepth: 2,
  decoderHeads: 1,
  fusionHeads: 1,
  audioFilters: [8, 8, 16, 32],
  audioLayers: [1, 1, 1, 1],
  dropout: 0,
  target: 'raw',
});

/** The raw cache with its frames kept in another way, under the same keys. */
async function recode(
  raw: string,
  folder: string,
  store: FrameStore,
): Promise<{ bytes: number; psnr: number }> {
  // prettier-ignore
  const reader = await openCache(raw);
  const { configuration, tools, shape } = reader.manifest;
  const writer = await openCacheWriter(folder, { configuration: { ...configuration, store: store.format, quality: store.quality }, tools, shape, store }); // prettier-ignore
  for (let i = 0; i < reader.size; i++) await writer.put(await reader.read(i));
  const { shards, samples } = await writer.seal();
  const lossy = await openCache(folder);
  let sum = 0;
  for (let i = 0; i < reader.size; i++)
    sum += psnr((await reader.read(i)).frames, (await lossy.read(i)).frames);
  await Promise.all([reader.close(), lossy.close()]);
  return {
    bytes: shards.reduce((all, shard) => all + shard.bytes, 0) / samples,
    psnr: sum / samples,
  };
}

const work = await mkdtemp(join(tmpdir(), 'avme-bench-storage-training-'));
try {
  const [given = '../shared/media/everyday', steps = '300', seeds = '2', clips = '2'] = process.argv.slice(2); // prettier-ignore
  let source = resolve(given);
  if (!existsSync(source)) {
    source = join(work, 'videos');
    await makeDemoMedia(source, 1, () => undefined);
  }
  const raw = join(work, 'raw');
  await preprocess({
    source,
    cache: raw,
    options: { size: 64, maskRatio: 0.75, clips: Number(clips) },
  });
  console.log('| frames | KiB a clip | PSNR dB | seed | last loss | MSE of the raw frames |');
  console.log('| --- | --: | --: | --: | --: | --: |');
  for (const store of STORES) {
    const name = store.format === 'raw' ? 'raw' : `${store.format} ${store.quality}`;
    const cache = join(work, `cache ${name}`);
    const { bytes, psnr: near } = await recode(raw, cache, store);
    for (let seed = 0; seed < Number(seeds); seed++) {
      const run = join(work, `run ${name} ${seed}`);
      const training = trainingOptions.parse({ steps, seed, batch: 4, lr: 3e-3, minLr: 1e-5, crop: 'none' }); // prettier-ignore
      const { loss } = await pretrain({ cache, run, model: MODEL, training, backend: 'wasm' });
      const { mse } = await reconstruct({ run, cache: raw, count: 64, backend: 'wasm' });
      console.log(`| ${name} | ${(bytes / 1024).toFixed(0)} | ${near.toFixed(1)} | ${seed} | ${loss?.toFixed(5) ?? ''} | ${mse.toFixed(5)} |`); // prettier-ignore
    }
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
