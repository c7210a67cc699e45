import { z } from 'zod';
import { BACKENDS } from '../model/index.js';
import {
  dataOptions,
  evaluate,
  evaluateOptions,
  type EvaluateEvent,
  type EvaluateResult,
} from '../pipeline/index.js';
import { defineCommand } from './command.js';
import { EXIT, pick } from './failure.js';
import { duration, table, type Report } from './terminal.js';
import { dataFlags } from './training-flags.js';

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

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** What one evaluation came to, in a few words. */
function words(result: EvaluateResult): string {
  return result.kind === 'classifier'
    ? `top-1 ${percent(result.accuracy.top1)}, top-5 ${percent(result.accuracy.top5)}`
    : `loss ${result.loss.toFixed(4)}, squared error of masked pixels ${result.mse.toFixed(5)}`;
}

function tell(report: Report, result: EvaluateResult): void {
  report.event('done', { ...result });
  if (result.kind === 'reconstruction') {
    report.line(`${words(result)}: ${result.clips} clips, step ${result.step}, ${duration(result.seconds)}`); // prettier-ignore
    return;
  }
  const { accuracy, classes, views, clips, unknown, step, seconds } = result;
  report.line(
    `${words(result)}, mean of the classes ${percent(accuracy.meanClass)}: ${accuracy.videos} videos, ` +
      `${clips} clips, up to ${views} views a video; step ${step}, ${duration(seconds)}`,
  );
  if (unknown > 0) report.line(`${unknown} samples have labels that the run does not know`);
  const rows = classes.flatMap((name, i) => {
    const share = accuracy.perClass[i] ?? null;
    return share === null ? [] : [[name, percent(share)]];
  });
  report.line(table(rows));
}

/** The paper's question: what does sound add when the picture is bad? */
const PICTURES = [
  { name: 'clean', blur: 0, lowRes: 1 },
  { name: 'blurred a little', blur: 1, lowRes: 1 },
  { name: 'blurred', blur: 3, lowRes: 1 },
  { name: 'half the resolution', blur: 0, lowRes: 2 },
  { name: 'a quarter', blur: 0, lowRes: 4 },
] as const;

export const evaluateCommand = defineCommand({
  name: 'evaluate',
  summary:
    'Measures a run on samples of a cache: accuracy of a classifier, error of a reconstruction.',
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
    robustness: { text: 'a table: worse and worse pictures, with sound and without' },
    maskRatio: { value: 'x', text: 'share of positions masked (default: the run’s)' },
    seed: { value: 'n', text: 'decides masks, and whose sound is whose' },
    batch: { value: 'n', text: 'clips computed at once' },
    out: { value: 'folder', text: 'where predictions, confusion matrix and result go' },
    backend: { value: 'name', text: 'auto, tensorflow, wasm or cpu' },
  },
  async run({ robustness, mute, ...options }, { report, signal }) {
    const asked = {
      ...({ ...options, sound: mute ? 'mute' : options.sound, signal } as const),
      data: pick(options, dataOptions),
      onEvent: (event: EvaluateEvent) => {
        report.event(event.event, event);
        if (event.event === 'note') report.line(`note: ${event.text}`);
        else report.progress(`${event.done}/${event.total} clips`);
      },
    };
    if (!robustness) {
      tell(report, await evaluate(asked));
      return EXIT.done;
    }
    const rows: string[][] = [];
    for (const { name, ...worse } of PICTURES) {
      const results = [];
      for (const sound of ['own', 'mute'] as const) {
        const result = await evaluate({ ...asked, ...worse, sound, out: undefined });
        report.event('robustness', { picture: name, ...worse, sound, ...result });
        results.push(words(result));
      }
      rows.push([name, ...results]);
    }
    report.line(table([['picture', 'with sound', 'muted'], ...rows]));
    return EXIT.done;
  },
});
