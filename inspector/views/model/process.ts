import type { RunDescription } from '../../../pipeline/training/run/run-description.js';
import { modelConfig } from '../../../model/model-config.js';
/**
 * A process of its own that asks a trained model: the server stays awake while it computes, and its
 * memory goes when it goes. Started by {@link ModelProcess}; talks through its parent's channel.
 */
import { openCache, type CacheReader } from '../../../cache/reader.js';
import { type ModelConfig } from '../../../model/config.js';
import { useBackend, type BackendName } from '../../../engine/backend.js';
import { createReconstructor, type Reconstructor } from '../../../stages/evaluate/reconstruct.js';
import { muted } from '../../../stages/evaluate/degrade.js';
import { audioAttention } from '../../../stages/evaluate/audio-attention.js';
import { loadCheckpoint, type Checkpoint } from '../../../pipeline/training/run/checkpoint.js';
import { checkFit } from '../../../pipeline/training/model-choice.js';
import { PICTURE_EPOCH } from '../../../pipeline/reconstruct.js';
import { listCheckpoints, readRun } from '../../../pipeline/training/run/run-folder.js';
import {
  batchFor,
  drawSample,
  maskRatioOf,
} from '../../../pipeline/training/data/training-batches.js';
import type { ModelAnswer, ModelCall, ModelQuestion, ModelReply } from './messages.js';

interface Loaded {
  readonly name: string;
  readonly config: ModelConfig;
  readonly description: RunDescription;
  readonly checkpoint: Checkpoint;
  readonly model: Reconstructor;
}

let loaded: Loaded | undefined;
let cache: { readonly folder: string; readonly reader: CacheReader } | undefined;
let backend = '';

async function modelOf({ run, step, backend: wanted }: ModelQuestion): Promise<Loaded> {
  if (backend !== wanted) await useBackend(wanted as BackendName | 'auto');
  backend = wanted;
  const name = `${step} ${run}`;
  if (loaded?.name === name) return loaded;
  loaded?.model.dispose();
  loaded = undefined;
  const description = await readRun(run);
  const config = modelConfig.parse(description.model);
  const found = (await listCheckpoints(run)).find((checkpoint) => checkpoint.step === step);
  if (found === undefined)
    throw new Error(
      `the run has no checkpoint of step ${step} any more; keep more of them with avme pretrain --keep N`,
    );
  const checkpoint = await loadCheckpoint(found.path);
  loaded = {
    name,
    config,
    description,
    checkpoint,
    model: createReconstructor(config, checkpoint.tensors),
  };
  return loaded;
}

async function readerOf(folder: string, index: number): Promise<CacheReader> {
  // A cache that grew since it was opened is opened again.
  if (cache?.folder === folder && index < cache.reader.size) return cache.reader;
  await cache?.reader.close();
  cache = undefined;
  cache = { folder, reader: await openCache(folder) };
  return cache.reader;
}

async function answer(question: ModelQuestion): Promise<ModelAnswer> {
  const { config, model, checkpoint, description } = await modelOf(question);
  const reader = await readerOf(question.cache, question.index);
  checkFit(config, reader.manifest.shape);
  const { seed, mute, index, want } = question;
  const maskRatio = question.maskRatio ?? maskRatioOf(description, reader);
  const drawn = await drawSample(reader, index, PICTURE_EPOCH, { seed, mask: 'epoch', maskRatio });
  const crop = { crop: 'none', flip: 0 } as const;
  const whole = batchFor(reader, config, 0, [drawn], crop, 'measure', {
    statistics: description.statistics,
  });
  const batch = mute ? muted(whole) : whole;
  const { imageSize: size } = config;
  // Of some models the clip is a single frame.
  const frames = batch.video.length / (size * size * 3);
  const tubelet = Math.min(config.tubelet, frames);
  const common = { maskRatio, frames, size, tubelet, mask: drawn.mask };
  if (want === 'attention') {
    const shares = await audioAttention(config, checkpoint.tensors, batch);
    return { ...common, mse: NaN, films: null, shares };
  }
  const { visible: seen, reconstruction: made, mse } = await model.reconstruct(batch);
  const films = want === 'films' ? { original: batch.video, seen, made } : null;
  return { ...common, mse: mse[0] ?? NaN, films, shares: null };
}

const reply = (message: ModelReply) => process.send?.(message);

process.on('message', ({ call, question }: ModelCall) => {
  answer(question).then(
    (found) => reply({ call, answer: found }),
    (error: unknown) =>
      reply({ call, problem: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit());
// Ctrl-C goes to the whole group; the parent decides when this process ends.
process.on('SIGINT', () => undefined);
