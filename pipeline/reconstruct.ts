import { modelConfig } from '../model/model-config.js';
import { openCache, type CacheReader } from '../cache/reader.js';
import { type ModelConfig } from '../model/config.js';
import { useBackend, type BackendName } from '../engine/backend.js';
import { createReconstructor } from '../stages/evaluate/reconstruct.js';
import { otherClipsOf } from '../stages/load/other-audio.js';
import type { LoaderSource } from '../stages/load/options.js';
import {
  drawReconstructions,
  rowsOf,
  type Reconstruction,
} from '../rendering/reconstruction-sheet.js';
import { lastCheckpoint, loadCheckpoint, type Checkpoint } from './training/run/checkpoint.js';
import { checkIndex } from '../cache/check-index.js';
import { checkFit } from './training/model-choice.js';
import { readRun } from './training/run/run-folder.js';
import { notesOn, type NoteEvent } from './training/run/run-statistics.js';
import {
  batchFor,
  drawSample,
  maskRatioOf,
  type AudioInput,
} from './training/data/training-batches.js';

export interface ReconstructRequest {
  /** Folder of the run whose model reconstructs. */
  readonly run: string;
  readonly cache: string;
  /** Indices of the samples; default `count` of them, spread over the cache. */
  readonly samples?: readonly number[] | undefined;
  /** Default 4. */
  readonly count?: number;
  /** A checkpoint other than the run's newest. */
  readonly checkpoint?: string | undefined;
  /** Share of the positions that is masked; default the run's. */
  readonly maskRatio?: number | undefined;
  /** `epoch`: drawn from the seed (default); `cached`: the cache's own. */
  readonly mask?: 'epoch' | 'cached';
  readonly seed?: number;
  /** Leaves the sound out, as if the clips had none. */
  readonly mute?: boolean;
  readonly backend?: BackendName | 'auto';
  readonly onEvent?: ((event: NoteEvent) => void) | undefined;
}

export interface ReconstructResult {
  readonly image: Buffer;
  /** What is on it. */
  readonly clips: readonly Reconstruction[];
  readonly step: number;
  readonly samples: readonly {
    readonly index: number;
    readonly id: string;
    readonly mse: number;
  }[];
  /** Mean over the samples of the masked pixels' squared error, pixels in [0, 1]. */
  readonly mse: number;
}

/** Masks for pictures come from an epoch that training never reaches: none of them was learned from. */
export const PICTURE_EPOCH = -1;

/** `count` indices, evenly spread over the cache. */
export function spreadIndices(size: number, count: number): number[] {
  const shown = Math.min(size, count);
  return Array.from({ length: shown }, (_, i) => Math.floor(((i + 0.5) * size) / shown));
}

function describeClip(reader: CacheReader, index: number, mse: number): string {
  const { label, id, clip } = reader.header(index);
  return `${label ?? 'no label'} · ${id} · clip ${clip} · error ${mse.toFixed(4)}`;
}

/** What is said of the sound where it is not the clip's own. */
const HEARD = { own: '', mute: ', muted', shuffled: ', with the sounds of others', presence: ', with the mean sound' } as const; // prettier-ignore

/** Draws what a model with these weights makes of clips of a cache. */
export async function reconstructClips(
  request: Pick<ReconstructRequest, 'samples' | 'count' | 'seed' | 'mask'> & AudioInput,
  source: LoaderSource,
  config: ModelConfig,
  checkpoint: Checkpoint,
  maskRatio: number,
): Promise<ReconstructResult> {
  const { reader } = source;
  const { count = 4, seed = 0, mask = 'epoch', sound = 'own', statistics } = request;
  const others = sound === 'shuffled' ? otherClipsOf(source, seed) : undefined;
  const indices = request.samples ?? spreadIndices(reader.size, count);
  indices.forEach((index) => { checkIndex(reader, index); }); // prettier-ignore
  const augment = { crop: 'none', flip: 0 } as const;
  const draw = { seed, mask, maskRatio };
  const model = createReconstructor(config, checkpoint.tensors);
  try {
    const clips: Reconstruction[] = [];
    const samples: { index: number; id: string; mse: number }[] = [];
    for (const index of indices) {
      const drawn = await drawSample(reader, index, PICTURE_EPOCH, draw, others?.get(index));
      const batch = batchFor(reader, config, 0, [drawn], augment, 'measure', { sound, statistics });
      const made = await model.reconstruct(batch);
      const error = made.mse[0] ?? NaN;
      clips.push({ title: describeClip(reader, index, error), films: rowsOf(batch.video, made) });
      samples.push({ index, id: reader.header(index).id, mse: error });
    }
    const mse = samples.reduce((sum, sample) => sum + sample.mse, 0) / samples.length;
    const heading = `${config.variant} after ${checkpoint.step} steps, ${Math.round(100 * maskRatio)} % masked${HEARD[sound]}: mean squared error ${mse.toFixed(4)}`;
    const { imageSize: size, tubelet } = config;
    return { image: await drawReconstructions(clips, { size, tubelet, heading }), clips, step: checkpoint.step, samples, mse }; // prettier-ignore
  } finally {
    model.dispose();
  }
}

/**
 * Draws what a trained model makes of clips of which it sees a part.
 * @throws Error when run, checkpoint and cache do not fit each other
 */
export async function reconstruct(request: ReconstructRequest): Promise<ReconstructResult> {
  const run = await readRun(request.run);
  const config = modelConfig.parse(run.model);
  const reader = await openCache(request.cache);
  try {
    if (reader.size === 0) throw new Error(`${request.cache} holds no samples`);
    checkFit(config, reader.manifest.shape);
    await useBackend(request.backend ?? 'auto');
    const sound = request.mute === true ? 'mute' : 'own';
    for (const note of notesOn(run, config, sound)) request.onEvent?.(note);
    const maskRatio = request.maskRatio ?? maskRatioOf(run, reader);
    return await reconstructClips(
      { ...request, sound, statistics: run.statistics },
      { reader },
      config,
      await (request.checkpoint === undefined
        ? lastCheckpoint(request.run)
        : loadCheckpoint(request.checkpoint)),
      maskRatio,
    );
  } finally {
    await reader.close();
  }
}
