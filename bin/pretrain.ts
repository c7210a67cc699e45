import { z } from 'zod';
import { BACKENDS } from '../model/index.js';
import { dataOptions, modelChoice, parseCacheChoice, pretrain, type TrainingEvent } from '../pipeline/index.js'; // prettier-ignore
import { trainingOptions, wholeNumber } from '../stages/index.js';
import { defineCommand } from './command.js';
import { EXIT, parseOptions, pick } from './failure.js';
import { duration, type Report } from './terminal.js';

const noCache = { error: 'give the folder of the cache to learn from' };
/** What decides how batches are loaded, and nothing that is computed. */
export const loadingOptions = z.object({
  workers: z.coerce.number().int().min(0).max(64).optional(),
  badRecords: z.enum(['stop', 'skip']).default('stop'),
});

const schema = trainingOptions.safeExtend({
  cache: z.union(
    [z.string().transform((one) => [one]), z.array(z.string()).min(1, noCache)],
    noCache,
  ),
  ...dataOptions.shape,
  ...loadingOptions.shape,
  run: z.string({ error: 'give the folder of the run' }),
  ...modelChoice.shape,
  saveEvery: wholeNumber.default(500),
  keep: wholeNumber.default(2),
  stopAt: wholeNumber.optional(),
  init: z.string().optional(),
  backend: z.enum(['auto', ...BACKENDS]).default('auto'),
});

/** Tells people and machines how training goes. */
export function reportTraining(report: Report): (event: TrainingEvent) => void {
  return (event) => {
    report.event(event.event, event);
    switch (event.event) {
      case 'start':
        report.line(
          `${event.resumedFrom > 0 ? `resuming at step ${event.resumedFrom}` : 'training'}: ${event.variant}, ` +
            `${(event.parameters / 1e6).toFixed(2)} M parameters, ${event.samples} samples, ` +
            `${event.steps} steps of ${event.batch} clips on ${event.backend}`,
        );
        break;
      case 'step':
        report.progress(
          `step ${event.step}/${event.steps}  epoch ${event.epoch.toFixed(1)}  loss ${event.loss.toFixed(4)}  ` +
            `lr ${event.lr.toExponential(1)}  ${event.clipsPerSecond.toFixed(1)} clips/s  ` +
            `${duration(event.secondsLeft)} left` +
            (event.waiting > 0.1 ? `  ${Math.round(100 * event.waiting)} % waiting for data` : ''),
        );
        break;
      case 'checkpoint':
        break;
      case 'done':
        report.line(
          `${event.interrupted ? 'stopped' : 'finished'} at step ${event.step} of ${event.steps}, ` +
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

export const pretrainCommand = defineCommand({
  name: 'pretrain',
  summary:
    'Learns from a cache by reconstructing the video it does not see, with the sound’s help.',
  example: 'avme pretrain --cache cache/ --run runs/a --preset ti --epochs 100 --lr 1e-3',
  schema,
  flags: {
    cache: {
      value: 'folder',
      text: 'the cache to learn from; several times for several, FOLDER:2 for twice the share',
      many: true,
    },
    labels: { value: 'list', text: 'only samples of these labels, e.g. cat,dog' },
    splits: { value: 'list', text: 'only samples of these splits, e.g. train' },
    keys: { value: 'file', text: 'only samples whose key or id is a line of the file' },
    repeat: {
      value: 'n',
      text: 'how often an epoch shows each sample; 2,1: those of the first cache twice',
    },
    workers: {
      value: 'n',
      text: 'threads that load; 0: none (default: one less than cores, 1 to 4)',
    },
    badRecords: { value: 'kind', text: 'stop at a damaged record, or skip it' },
    run: { value: 'folder', text: 'where checkpoints and metrics go; an interrupted run goes on' },
    variant: { value: 'name', text: 'av, av-no-cross or v' },
    preset: { value: 'name', text: 'model size: ti, s, b or l' },
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
    batch: { value: 'n', text: 'clips a step' },
    epochs: { value: 'n', text: 'passes over the cache' },
    steps: { value: 'n', text: 'length in steps instead of epochs' },
    lr: { value: 'x', text: 'learning rate (default: --base-lr · batch / 256)' },
    baseLr: { value: 'x', text: 'learning rate of a batch of 256' },
    minLr: { value: 'x', text: 'where the cosine ends' },
    warmupEpochs: { value: 'n', text: 'linear warm-up, at most a tenth of the run' },
    weightDecay: { value: 'x', text: 'AdamW’s decoupled decay' },
    beta1: { value: 'x', text: 'AdamW’s β₁' },
    beta2: { value: 'x', text: 'AdamW’s β₂' },
    clipGrad: { value: 'x', text: 'largest norm of the gradients (default: none)' },
    mask: { value: 'kind', text: 'epoch: drawn anew each time; cached: the cache’s own' },
    maskRatio: { value: 'x', text: 'share of positions masked (default: the cache’s)' },
    crop: { value: 'kind', text: 'multi-scale, random-resized or none' },
    flip: { value: 'p', text: 'probability of a mirror image' },
    seed: { value: 'n', text: 'decides weights, order, masks, crops and dropout' },
    saveEvery: { value: 'n', text: 'steps between checkpoints' },
    keep: { value: 'n', text: 'checkpoints kept' },
    stopAt: { value: 'step', text: 'stop there as if interrupted; run again to go on' },
    init: {
      value: 'file',
      text: 'weights to begin with, e.g. VideoMAE’s .pth; what it lacks is drawn',
    },
    backend: { value: 'name', text: 'auto, tensorflow, wasm or cpu' },
  },
  async run(options, { report, signal }) {
    const { run, saveEvery, keep, stopAt, init, workers, backend } = options;
    const cache = options.cache.map(parseCacheChoice);
    const done = await pretrain({
      ...{ cache, run, saveEvery, keep, stopAt, init, workers, backend, signal },
      onBadRecord: options.badRecords,
      data: pick(options, dataOptions),
      model: parseOptions(modelChoice, pick(options, modelChoice)),
      training: parseOptions(trainingOptions, pick(options, trainingOptions)),
      onEvent: reportTraining(report),
    });
    return done.interrupted && signal.aborted ? EXIT.interrupted : EXIT.done;
  },
});
