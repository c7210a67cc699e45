import { TRAINING_BACKENDS } from '../../pipeline/training/engine.js';
import { z } from 'zod';

import type { dataOptions } from '../../pipeline/training/data/training-data.js';
import type { modelChoice } from '../../pipeline/training/model-choice.js';
import type { TrainingEvent } from '../../pipeline/training/training-run.js';
import type { ValidationChoice } from '../../pipeline/training/training.js';
import { wholeNumber, type stepOptions } from '../../stages/train/training-options.js';
import type { FlagText } from './command.js';
import { duration, type Report } from './terminal.js';

const noCache = { error: 'give the folder of the cache to learn from' };
const names = z
  .union([z.string().transform((text) => text.split(',')), z.array(z.string()).readonly()])
  .optional();

/** What every training command takes that decides nothing of what is computed. */
export const runOptions = z.object({
  cache: z.union(
    [z.string().transform((one) => [one]), z.array(z.string()).min(1, noCache)],
    noCache,
  ),
  run: z.string({ error: 'give the folder of the run' }),
  validationSplits: names,
  validationCache: z.string().optional(),
  workers: z.coerce.number().int().min(0).max(64).optional(),
  badRecords: z.enum(['stop', 'skip']).default('stop'),
  saveEvery: wholeNumber.default(500),
  keep: wholeNumber.default(2),
  stopAt: wholeNumber.optional(),
  extend: wholeNumber.optional(),
  backend: z.enum(['auto', ...TRAINING_BACKENDS]).default('auto'),
  capture: z
    .enum(['auto', 'yes', 'no', 'xla'])
    .default('auto')
    .transform((choice) => (choice === 'auto' || choice === 'xla' ? choice : choice === 'yes')),
  precision: z.enum(['auto', 'float32', 'tf32', 'bfloat16']).default('float32'),
});

type Flags<Shape> = Record<keyof Shape & string, FlagText>;

/** Which samples a run learns from. */
export const dataFlags: Flags<typeof dataOptions.shape> = {
  labels: { value: 'list', text: 'only samples of these labels, e.g. cat,dog' },
  splits: { value: 'list', text: 'only samples of these splits, e.g. train' },
  keys: { value: 'file', text: 'only samples whose key or id is a line of the file' },
  repeat: {
    value: 'n',
    text: 'how often an epoch shows each sample; 2,1: those of the first cache twice',
  },
};

export const runFlags: Flags<typeof runOptions.shape> = {
  cache: {
    value: 'folder',
    text: 'the cache to learn from; several times for several, FOLDER:2 for twice the weight',
    many: true,
  },
  run: { value: 'folder', text: 'where checkpoints and metrics go; an interrupted run goes on' },
  workers: {
    value: 'n',
    text: 'threads that load; 0: none (default: one less than cores, 1 to 4)',
  },
  badRecords: { value: 'kind', text: 'stop at a damaged record, or skip it' },
  saveEvery: { value: 'n', text: 'steps between checkpoints' },
  keep: { value: 'n', text: 'checkpoints kept' },
  stopAt: { value: 'step', text: 'stop there as if interrupted; run again to go on' },
  extend: {
    value: 'n',
    text: 'steps that a run which has ended is to have in all: it goes on at the last rate, with a cosine of its own',
  },
  backend: { value: 'name', text: 'auto, xla, tensorflow, webgpu, wasm or cpu' },
  capture: {
    value: 'choice',
    text: 'run steps as graphs: auto (on tensorflow), yes, no, or xla: compiled by XLA',
  },
  precision: {
    value: 'type',
    text: 'multiply matrices in float32, tf32 (on XLA), bfloat16, or auto: whichever is faster here',
  },
  validationSplits: { value: 'list', text: 'splits that the run is measured on, e.g. val' },
  validationCache: { value: 'folder', text: 'the cache of these, if it is another' },
};

export const modelFlags: Flags<typeof modelChoice.shape> = {
  variant: {
    value: 'name',
    text: 'the system: av, av-self, av-cross, av-no-cross, v (VideoMAE) or cav-mae',
  },
  preset: { value: 'name', text: 'model size: ti, s, b or l' },
  tubelet: { value: 'n', text: 'frames a tubelet spans (default: 2)' },
  width: { value: 'n', text: 'encoder width instead of the preset’s' },
  depth: { value: 'n', text: 'encoder blocks instead of the preset’s' },
  heads: { value: 'n', text: 'encoder heads instead of the preset’s' },
  decoderWidth: { value: 'n', text: 'decoder width instead of the preset’s' },
  decoderDepth: { value: 'n', text: 'decoder blocks' },
  decoderHeads: { value: 'n', text: 'decoder heads instead of the preset’s' },
  fusionHeads: { value: 'n', text: 'heads of the cross-attention (default: 8)' },
  audioFilters: {
    value: 'list',
    text: 'filters of the audio encoder’s stages, e.g. 16,32,64,128',
  },
  audioLayers: { value: 'list', text: 'blocks of the audio encoder’s stages, e.g. 3,4,6,3' },
  imageSize: { value: 'n', text: 'side of the frames the model takes (default: as cached)' },
  target: {
    value: 'name',
    text: 'normalised: pixels of a tubelet at mean 0 and deviation 1; raw: as they are',
  },
  lossOver: { value: 'name', text: 'masked or all tokens' },
  dropout: { value: 'p', text: 'dropout in the cross-attention' },
};

export const stepFlags: Flags<typeof stepOptions> = {
  batch: { value: 'n', text: 'clips a step' },
  epochs: { value: 'n', text: 'passes over the cache' },
  steps: { value: 'n', text: 'length in steps instead of epochs' },
  lr: { value: 'x', text: 'learning rate (default: --base-lr · batch / 256)' },
  baseLr: { value: 'x', text: 'learning rate of a batch of 256' },
  minLr: { value: 'x', text: 'where the cosine ends (default: --base-min-lr · batch / 256)' },
  baseMinLr: { value: 'x', text: 'where the cosine ends with a batch of 256' },
  warmupEpochs: { value: 'n', text: 'linear warm-up, at most a tenth of the run' },
  weightDecay: { value: 'x', text: 'AdamW’s decoupled decay' },
  beta1: { value: 'x', text: 'AdamW’s β₁' },
  beta2: { value: 'x', text: 'AdamW’s β₂' },
  clipGrad: { value: 'x', text: 'largest norm of the gradients (default: none)' },
  seed: { value: 'n', text: 'decides weights, order, masks, crops and dropout' },
  accumulate: {
    value: 'n',
    text: 'parts that a step is taken in, where memory has no room for all',
  },
  ema: {
    value: 'x',
    text: 'keep averaged weights: what a step leaves of the average, e.g. 0.9999',
  },
  soundDropout: { value: 'p', text: 'probability that a clip’s sound is taken away' },
  sound: {
    value: 'kind',
    text: 'what clips are heard with: own; mute: nothing; shuffled: another video’s; presence: only that there is some',
  },
  order: {
    value: 'kind',
    text: 'global: an epoch is one shuffle; blocks: one that needs few shards at a time, for slow or distant disks',
  },
  validateEvery: { value: 'n', text: 'steps between two measurements (default: an epoch)' },
  patience: { value: 'n', text: 'end the run after so many measurements that were no better' },
};

/** The clips for validation that were asked for. */
export function validationOf({
  validationSplits: splits,
  validationCache: cache,
}: z.output<typeof runOptions>): ValidationChoice | undefined {
  return splits === undefined && cache === undefined ? undefined : { splits, cache };
}

/** Tells people and machines how training goes. */
export function reportTraining(report: Report): (event: TrainingEvent) => void {
  return (event) => {
    report.event(event.event, event);
    switch (event.event) {
      case 'start':
        report.line(
          `${event.resumedFrom > 0 ? `resuming at step ${event.resumedFrom}` : 'training'}: ${event.variant}, ` +
            `${(event.parameters / 1e6).toFixed(2)} M parameters, ${event.samples} samples, ` +
            `${event.steps} steps of ${event.batch} clips on ${event.backend}${event.threads > 1 ? `, ${event.threads} threads` : ''}${event.captured ? `, steps as graphs${event.xla ? ' that XLA compiles' : ''}` : ''}${event.precision === 'float32' ? '' : `, products in ${event.precision}`}`,
        );
        break;
      case 'uncaptured':
        report.line(`steps go on operation by operation from step ${event.step} on: ${event.why}`);
        break;
      case 'step':
        report.progress(
          `step ${event.step}/${event.steps}  epoch ${event.epoch.toFixed(1)}  loss ${event.loss.toFixed(4)}  ` +
            `lr ${event.lr.toExponential(1)}  ${event.clipsPerSecond.toFixed(1)} clips/s  ` +
            `${duration(event.secondsLeft)} left` +
            (event.waiting > 0.1 ? `  ${Math.round(100 * event.waiting)} % waiting for data` : ''),
        );
        break;
      case 'validation':
        report.line(
          `validation after step ${event.step}: loss ${event.loss.toFixed(4)}` +
            (event.top1 === undefined ? '' : `, ${(100 * event.top1).toFixed(1)} % right`) +
            (event.knn === undefined ? '' : `, ${(100 * event.knn).toFixed(1)} % right by kNN`) +
            (event.isBest ? ', the best so far' : ''),
        );
        break;
      case 'picture':
      case 'checkpoint':
        break;
      case 'done':
        report.line(
          `${event.interrupted ? 'stopped' : event.stoppedEarly ? 'ended early, no better for long,' : 'finished'} at step ${event.step} of ${event.steps}, ` +
            `loss ${event.loss?.toFixed(4) ?? 'unknown'}, ${duration(event.seconds)}; checkpoint in ${event.checkpoint}`,
        );
        if (event.badRecords > 0)
          report.line(
            `${event.badRecords} samples have damaged records; others stood in for them; avme verify names them`,
          );
        break;
    }
  };
}
