import { join } from 'node:path';
import { openCache, type CacheReader } from '../../../cache/reader.js';
import { openCacheWriter } from '../../../cache/writer.js';
import type { ClipShape, Sample } from '../../../cache/records.js';
import { finetune } from '../../../pipeline/training/finetune.js';
import { modelChoice } from '../../../pipeline/training/model-choice.js';
import { pretrain } from '../../../pipeline/training/pretrain.js';
import { finetuneOptions } from '../../../stages/finetune/finetune-options.js';
import { trainingOptions } from '../../../stages/train/training-options.js';
import { makeSample, OPTIONS } from '../../cache/support.js';

export const WIDTH = 40;
/** Frames of 40 × 16 pixels, of which the model sees 16 × 16; two clips a video. */
export const SHAPE: ClipShape = {
  ...{ frames: 4, size: 16, storeSize: 16, square: false, positions: 16 },
  ...{ mfccFrames: 16, cepstra: 4, melBands: 8 },
};
const MODEL = {
  ...{ width: 12, depth: 1, heads: 2, decoderWidth: 12, decoderDepth: 1, decoderHeads: 2 },
  ...{ fusionHeads: 2, audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1] },
};

/** Frames that differ from column to column; every fifth clip has no sound, every eighth video no label. */
export function sampleOf(number: number, width = WIDTH): Sample {
  const { header, ...sample } = makeSample(number, { ...SHAPE, square: true });
  const video = number >> 1;
  return {
    ...sample,
    header: { ...header, width, id: `v${String(video).padStart(3, '0')}`, clip: number % 2, label: video % 8 === 7 ? null : `class-${video % 3}` }, // prettier-ignore
    frames: Uint8Array.from({ length: 4 * 16 * width * 3 }, (_, i) => {
      const x = Math.floor(i / 3) % width;
      return 128 + 100 * Math.sin((x * (1 + (number % 7))) / 6 + i / 999);
    }),
    mask: Uint8Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? 0 : 1)),
    mfcc: Float32Array.from({ length: 64 }, (_, i) => 5 * Math.sin(i * (number + 1))),
    mel: Float32Array.from({ length: 128 }, (_, i) => 3 * Math.cos(i * (number + 1))),
  };
}

export async function makeCache(folder: string, samples: number, width = WIDTH): Promise<CacheReader> {
  const square = width === SHAPE.size;
  const writer = await openCacheWriter(folder, { ...OPTIONS, shape: { ...SHAPE, square } });
  for (let i = 0; i < samples; i++) await writer.put(sampleOf(i, width));
  await writer.seal();
  return openCache(folder);
} // prettier-ignore

const common = { workers: 0, backend: 'wasm' } as const;

/** Trains a tiny classifier for a step, and says where. */
export async function makeClassifier(folder: string, cache: string): Promise<string> {
  const run = join(folder, 'classifier');
  const training = finetuneOptions.parse({ steps: 2, batch: 4, lr: 1e-2, augmentOps: 0, erasing: 0, mixup: 0, cutmix: 0 }); // prettier-ignore
  await finetune({ ...common, cache, run, head: {}, model: modelChoice.parse(MODEL), training });
  return run;
}

export async function makeReconstructorRun(
  folder: string,
  cache: string,
  variant: 'av' | 'cav-mae',
): Promise<string> {
  const run = join(folder, variant);
  const training = trainingOptions.parse({ steps: 2, batch: 4, lr: 1e-3, maskRatio: 0.75 });
  const model = modelChoice.parse({
    ...MODEL,
    variant,
    ...(variant === 'cav-mae' && { depth: 2 }),
  });
  await pretrain({ ...common, cache, run, model, training });
  return run;
}
