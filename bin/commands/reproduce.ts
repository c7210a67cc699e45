import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { planReproduction } from '../../experiments/reproduce/prepare.js';
import { reproduce } from '../../experiments/reproduce/reproduce.js';
import { reproduceOptions } from '../../experiments/reproduce/options.js';
import { wholeNumber } from '../../stages/train/training-options.js';
import { defineCommand } from '../cli/command.js';
import { EXIT, pick } from '../cli/failure.js';

const noCache = { error: 'give the folder of a cache with clips to learn from, and others to be measured on' }; // prettier-ignore
const folders = z.union(
  [z.string().transform((one): [string, ...string[]] => [one]), z.tuple([z.string()], z.string())],
  noCache,
);

const schema = reproduceOptions.safeExtend({
  cache: folders,
  finetuneCache: folders.optional(),
  out: z.string({ error: 'give a folder for the runs and the report' }),
  jobs: wholeNumber.optional(),
  dryRun: z.boolean().default(false),
});

export const reproduceCommand = defineCommand({
  name: 'reproduce',
  example: 'avme reproduce --cache cache/ --out report/ --config evidence',
  schema,
  flags: {
    cache: {
      value: 'folder',
      text: 'clips to learn from and to be measured on; several times: of the seeds, in turn',
      many: true,
    },
    finetuneCache: {
      value: 'folder',
      text: 'clips that classifiers learn from and are measured on (default: those of --cache)',
      many: true,
    },
    out: { value: 'folder', text: 'where runs and report go; what is there is gone on with' },
    splits: { value: 'list', text: 'splits that are learned from' },
    testSplits: { value: 'list', text: 'splits that are measured on' },
    seeds: { value: 'n', text: 'how often each system is trained' },
    systems: {
      value: 'list',
      text: 'of av, av-self, av-cross, av-no-cross, v and cav-mae (default: all that the cache has the sound for)',
    },
    maskRatio: {
      value: 'x',
      text: 'mask ratio: part of the positions that are masked where systems are compared (default: the cache’s)',
    },
    maskRatios: { value: 'list', text: 'ratios that AV-MaskEnhancer is trained with besides' },
    sizeMatched: { negated: true, text: 'do not pre-train av-no-cross with the weights of av' },
    controls: { negated: true, text: 'do not train on other clips’ sounds' },
    finetune: { negated: true, text: 'compare pre-training alone' },
    steps: { value: 'n', text: 'steps of pre-training (default: the recipe’s)' },
    finetuneSteps: { value: 'n', text: 'steps of fine-tuning (default: the recipe’s)' },
    jobs: { value: 'n', text: 'commands at once (default: one a core)' },
    dryRun: { text: 'print the commands, run none' },
  },
  async run({ dryRun, ...options }, { report, signal, config }) {
    const avme = [process.execPath, fileURLToPath(new URL('../avme.js', import.meta.url))] as const;
    const { cache: caches, finetuneCache: finetuneCaches, out, jobs } = options;
    const request = {
      ...pick(options, reproduceOptions),
      caches,
      finetuneCaches,
      out,
      jobs,
      avme,
      signal,
      recipe: config,
    };
    if (dryRun) {
      const plan = await planReproduction(request);
      for (const { id, command, args } of plan.jobs) {
        report.event('job', { id, command, args });
        report.line(['avme', command, ...args].join(' '));
      }
      return EXIT.done;
    }
    const total = { done: 0, jobs: 0 };
    const shares = new Map<string, number>();
    const summary = await reproduce({
      ...request,
      onEvent(event) {
        report.event(event.event, event);
        if (event.event === 'start') {
          total.jobs = event.jobs;
          report.line(`${event.subjects} trainings, ${event.jobs} commands; what is done in ${out} is kept`); // prettier-ignore
          return;
        }
        if (event.event === 'job-progress') shares.set(event.id, event.share);
        else if (event.state === 'begins') shares.set(event.id, 0);
        else {
          shares.delete(event.id);
          total.done++;
        }
        const running = [...shares].map(
          ([id, fraction]) => `${id} ${Math.round(100 * fraction)} %`,
        );
        report.progress(`${total.done}/${total.jobs} done  ${running.join('  ')}`);
      },
    });
    report.event('done', { ...summary });
    report.line(`${summary.interrupted ? 'stopped' : 'done'}: ${summary.done} of ${summary.planned} trainings are measured${summary.report === null ? '' : `; ${summary.report}`}`); // prettier-ignore
    return summary.interrupted ? EXIT.interrupted : EXIT.done;
  },
});
