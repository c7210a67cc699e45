import { z } from 'zod';
import { BACKENDS } from '../../engine/backend.js';
import { dataOptions } from '../../pipeline/training/data/training-data.js';
import { evaluate, type EvaluateResult } from '../../pipeline/evaluate/evaluate.js';
import { evaluateOptions, type EvaluateEvent } from '../../pipeline/evaluate/work.js';
import { evaluateRobustness, type RobustnessResult } from '../../pipeline/evaluate/robustness.js';
import { defineCommand } from '../cli/command.js';
import { EXIT, pick, UsageError } from '../cli/failure.js';
import { duration, table, type Report } from '../cli/terminal.js';
import { dataFlags } from '../cli/training-flags.js';

const { labels, splits, keys } = dataFlags;
const schema = evaluateOptions.safeExtend({
  run: z.string({ error: 'give the folder that avme pretrain or finetune --run wrote' }),
  cache: z.string({ error: 'give the folder of a cache' }),
  ...dataOptions.omit({ repeat: true }).shape,
  checkpoint: z.string().optional(),
  robustness: z.boolean().default(false),
  mute: z.boolean().default(false),
  out: z.string().optional(),
  backend: z.enum(['auto', ...BACKENDS]).default('auto'),
});

const percent = (fraction: number) => `${(100 * fraction).toFixed(1)} %`;

/** What one evaluation came to, in a few words. */
function words(result: EvaluateResult): string {
  return result.kind !== 'reconstruction'
    ? `top-1 ${percent(result.accuracy.top1)}, top-5 ${percent(result.accuracy.top5)}`
    : `loss ${result.loss.toFixed(4)}, squared error of masked pixels ${result.mse.toFixed(5)}`;
}

function tellSkipped(report: Report, { badRecords }: Pick<EvaluateResult, 'badRecords'>): void {
  if (badRecords > 0)
    report.line(`${badRecords} samples have damaged records, and are left out; avme verify names them`); // prettier-ignore
}

function tell(report: Report, result: EvaluateResult): void {
  report.event('done', { ...result });
  tellSkipped(report, result);
  if (result.kind === 'reconstruction') {
    const { pictureLoss, soundLoss, contrastLoss } = result;
    const parts = Object.entries({
      picture: pictureLoss,
      sound: soundLoss,
      contrast: contrastLoss,
    });
    if (pictureLoss !== undefined)
      report.line(`loss of ${parts.map(([name, value]) => `${name} ${value?.toFixed(4) ?? 'not measured'}`).join(', ')}`); // prettier-ignore
    report.line(`${words(result)}: ${result.clips} clips, step ${result.step}, ${duration(result.seconds)}`); // prettier-ignore
    return;
  }
  const { accuracy, classes, views, clips, unknown, unlabelled, step, seconds } = result;
  report.line(
    `${words(result)}, mean of the classes ${percent(accuracy.meanClass)}: ${accuracy.videos} videos, ` +
      `${clips} clips, up to ${views} views a video; step ${step}, ${duration(seconds)}`,
  );
  if (result.kind === 'knn')
    report.line(`by the ${result.k} nearest of ${result.bank} clips in the bank, no classifier`);
  if (unlabelled > 0) report.line(`${unlabelled} samples have no label, and are left out`);
  if (unknown > 0) report.line(`${unknown} samples have labels that the run does not know`);
  const rows = classes.flatMap((name, i) => {
    const fraction = accuracy.perClass[i] ?? null;
    return fraction === null ? [] : [[name, percent(fraction)]];
  });
  report.line(table(rows));
}

function tellRobustness(report: Report, { kind, rows }: RobustnessResult): void {
  const said = ({
    top1 = NaN,
    top5 = NaN,
    mse = NaN,
    loss = NaN,
  }: RobustnessResult['rows'][number]) =>
    kind === 'classifier'
      ? `top-1 ${percent(top1)}, top-5 ${percent(top5)}`
      : `squared error ${mse.toFixed(5)}, loss ${loss.toFixed(4)}`;
  const pictures = [...new Set(rows.map(({ picture }) => picture))];
  const cells = pictures.map((name) => [name, ...rows.filter(({ picture }) => picture === name).map(said)]); // prettier-ignore
  report.line(table([['picture', 'with sound', 'muted'], ...cells]));
}

/** @throws UsageError naming options that the table of --robustness goes through itself */
function checkRobustness(given: Pick<z.output<typeof schema>, 'sound' | 'mute' | 'blur' | 'lowRes'>): void {
  const { sound, mute, blur, lowRes } = given;
  const useless = [
    ...(sound === 'own' ? [] : ['--sound']),
    ...(mute ? ['--mute'] : []),
    ...(blur === 0 ? [] : ['--blur']),
    ...(lowRes === 1 ? [] : ['--low-res']),
  ];
  if (useless.length > 0)
    throw new UsageError(`--robustness goes through pictures and sounds itself; leave out ${useless.join(' and ')}`); // prettier-ignore
} // prettier-ignore

export const evaluateCommand = defineCommand({
  name: 'evaluate',
  example: 'avme evaluate --run runs/b --cache cache/ --splits test --out results/',
  schema,
  flags: {
    run: { value: 'folder', text: 'a run folder of avme pretrain or avme finetune' },
    cache: { value: 'folder', text: 'a cache of clips like those it learned from' },
    ...{ labels, splits, keys },
    checkpoint: {
      value: 'which',
      text: 'best, last or a file (default: best, where there is one)',
    },
    ema: { negated: true, text: 'the plain weights, not the averaged ones' },
    sound: {
      value: 'kind',
      text: 'own; mute: none; shuffled: another video’s; presence: only that there is some',
    },
    mute: { text: 'the same as --sound mute' },
    blur: { value: 'px', text: 'deviation of a Gaussian blur of the frames' },
    lowRes: { value: 'n', text: 'frames scaled down so many times and up again' },
    views: {
      value: 'TxS',
      text: 'views of a video that are averaged: T of its clips, S crops of each, 1 or 3, e.g. 5x3 (default: all clips, one crop)',
    },
    badRecords: { value: 'kind', text: 'stop at a damaged record, or skip it' },
    probe: { value: 'knn', text: 'tell videos apart by the nearest clips of a bank, for runs of pre-training too' }, // prettier-ignore
    bank: { value: 'folder', text: 'the cache of the bank (default: --cache)' },
    bankSplits: { value: 'list', text: 'splits of the bank (default: train)' },
    k: { value: 'n', text: 'neighbours that vote (default: 20)' },
    tau: { value: 'x', text: 'temperature of the votes (default: 0.07)' },
    of: { value: 'kind', text: 'what the probe compares: picture; fused: picture and sound; sound (default: picture)' }, // prettier-ignore
    layer: { value: 'n', text: 'block of the picture’s encoder that the probe takes (default: the last)' }, // prettier-ignore
    robustness: { text: 'a table: worse and worse pictures, with sound and without' },
    maskRatio: {
      value: 'x',
      text: 'mask ratio: part of the positions that are masked (default: the run’s)',
    },
    seed: { value: 'n', text: 'decides masks, and whose sound is whose' },
    batch: { value: 'n', text: 'clips computed at once' },
    out: { value: 'folder', text: 'where predictions, confusion matrix and result go' },
    backend: { value: 'name', text: 'auto, tensorflow, webgpu, wasm or cpu' },
  },
  async run({ robustness, mute, ...options }, { report, signal }) {
    if (mute && options.sound !== 'own' && options.sound !== 'mute')
      throw new UsageError(`--mute and --sound ${options.sound} exclude each other; leave out one`);
    const asked = {
      ...({ ...options, sound: mute ? 'mute' : options.sound, signal } as const),
      data: pick(options, dataOptions),
      onEvent: (event: EvaluateEvent) => {
        report.event(event.event, event);
        if (event.event === 'note') report.line(`note: ${event.text}`);
        else report.progress(`${event.done}/${event.total} clips${event.part === 'bank' ? ' of the bank' : ''}`); // prettier-ignore
      },
    };
    if (!robustness) {
      tell(report, await evaluate(asked));
      return EXIT.done;
    }
    if (options.probe !== undefined)
      throw new UsageError('--robustness and --probe exclude each other; leave out one');
    checkRobustness({ ...options, mute });
    const result = await evaluateRobustness({
      ...asked,
      onRow(row, { kind, step, clips }) {
        report.event('robustness', { ...row, kind, step, clips });
      },
    });
    report.event('done', { ...result });
    tellRobustness(report, result);
    tellSkipped(report, result);
    return EXIT.done;
  },
});
