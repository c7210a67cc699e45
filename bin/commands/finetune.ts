import { z } from 'zod';
import { classifierConfig } from '../../model/classifier.js';
import { dataOptions, parseCacheChoice } from '../../pipeline/training/data/training-data.js';
import { finetune } from '../../pipeline/training/finetune.js';
import { modelChoice } from '../../pipeline/training/model-choice.js';
import { finetuneOptions } from '../../stages/finetune/finetune-options.js';
import { defineCommand } from '../cli/command.js';
import { EXIT, parseOptions, pick } from '../cli/failure.js';
import { dataFlags, modelFlags, reportTraining, runFlags, runOptions, stepFlags, validationOf } from '../cli/training-flags.js'; // prettier-ignore

const { fusion } = classifierConfig.shape;
const fraction = z.coerce.number().min(0).lt(1);

const schema = finetuneOptions.safeExtend({
  ...dataOptions.shape,
  ...runOptions.shape,
  ...modelChoice.shape,
  init: z.string().optional(),
  fusion: fusion.optional(),
  centreInTime: z.boolean().optional(),
  headDropout: fraction.default(0.5),
  dropPath: fraction.default(0.2),
});

export const finetuneCommand = defineCommand({
  name: 'finetune',
  example:
    'avme finetune --cache cache/ --splits train --init runs/a --run runs/b --validation-splits val',
  schema,
  flags: {
    ...runFlags,
    ...dataFlags,
    ...stepFlags,
    init: {
      value: 'path',
      text: 'what to begin with: the folder of a pre-training run, a checkpoint, or weights, e.g. VideoMAE’s .pth (default: drawn)',
    },
    fusion: {
      value: 'kind',
      text: 'fused: sound through the fusion of pre-training; late: pooled sound beside pooled picture; picture: none (default: fused, where the model hears)',
    },
    centreInTime: {
      negated: true,
      text: 'fuse picture and sound as they are, not only what changes in time (as runs of before 2026-11-27)',
    },
    probe: { text: 'linear probing: only the head learns' },
    headDropout: { value: 'p', text: 'dropout in front of the head' },
    dropPath: { value: 'p', text: 'stochastic depth of the last block' },
    crop: { value: 'kind', text: 'multi-scale, random-resized or none' },
    minArea: { value: 'x', text: 'smallest area of a random-resized crop' },
    flip: { value: 'p', text: 'probability of a mirror image' },
    augmentOps: { value: 'n', text: 'operations of random augmentation; 0: none' },
    augmentMagnitude: { value: 'x', text: 'how strong they are, 0 to 10' },
    erasing: { value: 'p', text: 'probability that a box is erased' },
    mixup: { value: 'a', text: 'α of mixup; 0: none' },
    cutmix: { value: 'a', text: 'α of cutmix; 0: none' },
    smoothing: {
      value: 'x',
      text: 'label smoothing: part of a label that is spread over all classes',
    },
    layerDecay: {
      value: 'x',
      text: 'what the learning rate is multiplied by from layer to layer, from the head down',
    },
    ...modelFlags,
  },
  async run(options, { report, signal }) {
    const { run, saveEvery, keep, stopAt, extend, init, workers, backend, capture, precision } =
      options;
    const { fusion, centreInTime, headDropout, dropPath } = options;
    const done = await finetune({
      ...{
        run,
        saveEvery,
        keep,
        stopAt,
        extend,
        init,
        workers,
        backend,
        capture,
        precision,
        signal,
      },
      cache: options.cache.map(parseCacheChoice),
      onBadRecord: options.badRecords,
      data: pick(options, dataOptions),
      validation: validationOf(options),
      head: { fusion, centreInTime, dropout: headDropout, dropPath },
      model: parseOptions(modelChoice, pick(options, modelChoice)),
      training: parseOptions(finetuneOptions, pick(options, finetuneOptions)),
      onInit({ lacking, unused }) {
        report.event('init', { lacking, unused });
        report.line(`begun with ${init ?? ''}: ${lacking.length} weights are drawn, as it lacks them${lacking.length > 0 ? ` (${lacking.slice(0, 4).join(', ')}${lacking.length > 4 ? ', …' : ''})` : ''}; ${unused.length} of it have no place here`); // prettier-ignore
      },
      onEvent: reportTraining(report),
    });
    return done.interrupted && signal.aborted ? EXIT.interrupted : EXIT.done;
  },
});
