import { z } from 'zod';
import { dataOptions, parseCacheChoice } from '../../pipeline/training/data/training-data.js';
import { modelChoice } from '../../pipeline/training/model-choice.js';
import { pretrain } from '../../pipeline/training/pretrain.js';
import { trainingOptions, wholeNumber } from '../../stages/train/training-options.js';
import { defineCommand } from '../cli/command.js';
import { EXIT, parseOptions, pick } from '../cli/failure.js';
import { dataFlags, modelFlags, reportTraining, runFlags, runOptions, stepFlags, validationOf } from '../cli/training-flags.js'; // prettier-ignore

const schema = trainingOptions.safeExtend({
  ...dataOptions.shape,
  ...runOptions.shape,
  ...modelChoice.shape,
  init: z.string().optional(),
  picturesEvery: wholeNumber.optional(),
  trainWorkers: wholeNumber.optional(),
  validateKnn: z.boolean().default(false),
});

export const pretrainCommand = defineCommand({
  name: 'pretrain',
  example: 'avme pretrain --cache cache/ --run runs/a --preset ti --epochs 100 --lr 1e-3',
  schema,
  flags: {
    ...runFlags,
    ...dataFlags,
    ...modelFlags,
    ...stepFlags,
    mask: { value: 'kind', text: 'epoch: drawn anew each time; cached: the cache’s own' },
    maskRatio: {
      value: 'x',
      text: 'mask ratio: part of the positions that are masked (default: the cache’s)',
    },
    crop: { value: 'kind', text: 'multi-scale, random-resized or none' },
    flip: { value: 'p', text: 'probability of a mirror image' },
    picturesEvery: {
      value: 'n',
      text: 'steps between pictures of reconstructions, in pictures/ of the run',
    },
    validateKnn: { text: 'validate by a kNN probe as well, where clips have labels' },
    trainWorkers: {
      value: 'n',
      text: 'threads that train, each on a part of every batch (default: on wasm one a core, from 200 steps on; else 1)',
    },
    init: {
      value: 'file',
      text: 'weights to begin with, e.g. VideoMAE’s .pth; what it lacks is drawn',
    },
  },
  async run(options, { report, signal }) {
    const { run, saveEvery, keep, stopAt, extend, init, picturesEvery, workers } = options;
    const { backend, capture, precision, trainWorkers, validateKnn } = options;
    const cache = options.cache.map(parseCacheChoice);
    const done = await pretrain({
      ...{ cache, run, saveEvery, keep, stopAt, extend, init, picturesEvery, workers },
      ...{ backend, capture, precision, trainWorkers, validateKnn, signal },
      onBadRecord: options.badRecords,
      data: pick(options, dataOptions),
      validation: validationOf(options),
      model: parseOptions(modelChoice, pick(options, modelChoice)),
      training: parseOptions(trainingOptions, pick(options, trainingOptions)),
      onEvent: reportTraining(report),
    });
    return done.interrupted && signal.aborted ? EXIT.interrupted : EXIT.done;
  },
});
