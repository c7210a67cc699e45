import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from '../../cache/reader.js';
import { trainingOptions } from '../../stages/train/training-options.js';
import { drawContactSheet } from '../../rendering/contact-sheet.js';
import { drawCurves } from '../../rendering/loss-curve.js';
import { makeDemoMedia } from './demo-media.js';
import { modelChoice } from '../../pipeline/training/model-choice.js';
import { preprocess } from '../../pipeline/preprocess/preprocess.js';
import { preprocessOptions } from '../../pipeline/preprocess/options.js';
import type { PreprocessEvent } from '../../pipeline/preprocess/tally.js';
import { pretrain } from '../../pipeline/training/pretrain.js';
import type { TrainingEvent } from '../../pipeline/training/training-run.js';
import type { BackendName } from '../../engine/backend.js';
import { reconstruct, type ReconstructResult } from '../../pipeline/reconstruct.js';
import { readMetrics } from '../../pipeline/training/run/run-folder.js';

/** What the demo trains on, and for how long. */
export const DEMO = { perClass: 1, steps: 450 } as const;

export interface DemoRequest {
  /** Where videos, cache, run and pictures go. */
  readonly folder: string;
  /** Videos of each of the ten classes. */
  readonly perClass: number;
  /** Training steps. */
  readonly steps: number;
  readonly onChapter: (title: string) => void;
  readonly onVideo: (done: number, total: number) => void;
  readonly onPreprocess: (event: PreprocessEvent) => void;
  readonly onPretrain: (event: TrainingEvent) => void;
  /** What the model makes of clips so far; `reconstruction.png` shows it too. */
  readonly onPicture: (made: ReconstructResult) => void | Promise<void>;
  readonly backend: BackendName | 'auto';
  /** Threads that train; default: those of {@link pretrain}. */
  readonly trainWorkers?: number | undefined;
  readonly signal: AbortSignal;
}

export interface DemoResult {
  readonly interrupted: boolean;
  /** Paths of the pictures by what they show. */
  readonly pictures: Readonly<Record<string, string>>;
  /** Mean squared error of the masked pixels, in [0, 1]; null when interrupted. */
  readonly mse: number | null;
}

/** 64×64 clips in patches of 16 and tubelets of 4 frames: 64 tokens, few enough for WebAssembly. */
export const SIDE = 64;
const CLIPS = preprocessOptions.parse({ size: SIDE, patch: 16, maskRatio: 0.75 });

const MODEL = modelChoice.parse({
  variant: 'av',
  preset: 'ti',
  tubelet: 4,
  width: 96,
  depth: 1,
  heads: 1,
  decoderWidth: 64,
  decoderDepth: 1,
  decoderHeads: 1,
  fusionHeads: 1,
  audioFilters: [8, 8, 16, 32],
  audioLayers: [1, 1, 1, 1],
  dropout: 0,
  // Pixels as they are: the picture at the end is then the model's own in colour and brightness too.
  target: 'raw',
});

/**
 * Few clips, seen often: in minutes a small model can learn these by heart, not video as such. The
 * rate stays high to the end, and averaged weights do what a lower one would: so short a run learns
 * shapes only in its second half.
 */
const TRAINING = { batch: 10, lr: 3e-3, minLr: 1e-3, ema: 0.97, crop: 'none' } as const;

/** Clips on the picture of reconstructions, and how often it is renewed in a run. */
const PICTURED = 5;
const PREVIEWS = 8;

const reconstructionIn = (folder: string) => join(folder, 'reconstruction.png');

async function drawPictures({ folder, backend }: DemoRequest, cache: string, run: string) {
  const paths = {
    'reconstructions of clips of which the model saw a quarter': reconstructionIn(folder),
    'how it learned': join(folder, 'loss.png'),
    'one clip as it lies in the cache': join(folder, 'contact-sheet.png'),
  };
  const [reconstruction, loss, contact] = Object.values(paths) as [string, string, string];
  const { image, mse } = await reconstruct({ run, cache, count: PICTURED, backend });
  const metrics = await readMetrics(run);
  const points = metrics.map(({ step, loss }) => ({ step, value: loss }));
  const reader = await openCache(cache);
  const sheet = await drawContactSheet(reader.sample(0), reader.manifest.shape);
  await reader.close();
  await writeFile(reconstruction, image);
  await writeFile(loss, await drawCurves([{ name: 'training', points }], 'loss: squared error of the masked pixels')); // prettier-ignore
  await writeFile(contact, sheet);
  return { pictures: paths, mse };
}

/**
 * The whole product once, with nothing but npm: makes an audio-visual data set, preprocesses it,
 * pre-trains a small model, and draws what it learned. Run again, it goes on where it was stopped.
 */
export async function runDemo(request: DemoRequest): Promise<DemoResult> {
  const { folder, perClass, steps, signal, backend, trainWorkers } = request;
  const [videos, cache, run] = ['videos', 'cache', 'run'].map((name) => join(folder, name)) as [string, string, string]; // prettier-ignore
  const stopped = { interrupted: true, pictures: {}, mse: null };
  await mkdir(folder, { recursive: true });
  request.onChapter('making videos: ten shapes that can be heard');
  await makeDemoMedia(videos, perClass, request.onVideo, signal);
  request.onChapter('preprocessing: frames, masks and MFCCs into a cache');
  const made = await preprocess({ source: videos, cache, options: CLIPS, onEvent: request.onPreprocess, signal }); // prettier-ignore
  if (made.interrupted) return stopped;
  request.onChapter('pretraining: reconstructing what is masked, with the sound’s help');
  const training = trainingOptions.parse({ steps, ...TRAINING });
  const done = await pretrain({
    ...{ cache, run, model: MODEL, training, backend, trainWorkers, signal },
    saveEvery: 200,
    picturesEvery: Math.ceil(steps / PREVIEWS),
    pictureFile: reconstructionIn(folder),
    pictured: PICTURED,
    onPicture: request.onPicture,
    onEvent: request.onPretrain,
  });
  if (done.interrupted) return stopped;
  request.onChapter('drawing what it learned');
  return { interrupted: false, ...(await drawPictures(request, cache, run)) };
}
