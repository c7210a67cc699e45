import { z } from 'zod';
import { BACKENDS } from '../../engine/backend.js';
import type { clipRequestOptions } from '../../pipeline/predict/predict-options.js';
import type { PredictSummary } from '../../pipeline/predict/predict.js';
import type { FlagText } from './command.js';
import { duration } from './terminal.js';

/** What every command takes that uses a model on videos, beside the options of clips. */
export const modelUse = z.strictObject({
  run: z.string(),
  source: z.union([
    z.string().transform((one) => [one]),
    z.array(z.string()).min(1, 'give a video, a folder or a list of videos, or - for paths on stdin'),
  ]),
  checkpoint: z.string().optional(),
  backend: z.enum(['auto', ...BACKENDS]).default('auto'),
}); // prettier-ignore

type Flags<Shape> = Record<keyof Shape & string, FlagText>;

export const clipFlags: Flags<typeof clipRequestOptions.shape> &
  Flags<Pick<typeof modelUse.shape, 'checkpoint' | 'backend'>> = {
  clips: { value: 'n', text: 'clips a video, spread evenly (default: as those it learned from)' },
  every: { value: 's', text: 'sliding clips instead: one starts every so many seconds' },
  sound: { value: 'kind', text: 'own; mute: none; presence: only that there is some' },
  blur: { value: 'px', text: 'deviation of a Gaussian blur of the frames' },
  lowRes: { value: 'n', text: 'frames scaled down so many times and up again' },
  fit: {
    value: 'kind',
    text: 'crop, short-side, pad or stretch (default: as those it learned from)',
  },
  sourceKind: { value: 'kind', text: 'kind of the list (default: found out)' },
  videos: { value: 'folder', text: 'folder that the paths in a list are relative to' },
  columns: {
    value: 'field=name,...',
    many: true,
    text: 'tables: which columns hold what, e.g. path=file,label=class',
  },
  fold: { value: 'n', text: 'which of UCF101’s lists' },
  trimmed: { text: 'Kinetics: the files are the segments already' },
  split: { value: 'list', text: 'only videos of these splits' },
  filter: { value: 'glob', text: 'only videos whose id or label matches', many: true },
  limit: { value: 'n', text: 'only the first so many of each list' },
  checkpoint: {
    value: 'which',
    text: 'best, last or a file (default: best, where there is one)',
  },
  ema: { negated: true, text: 'the plain weights, not the averaged ones' },
  batch: { value: 'n', text: 'clips computed at once' },
  jobs: { value: 'n', text: 'clips decoded at once (default: the number of cores)' },
  timeout: { value: 's', text: 'seconds that one run of ffmpeg may take' },
  memory: { value: 'GiB', text: 'memory that one run of ffmpeg may take' },
  backend: { value: 'name', text: 'auto, tensorflow, webgpu, wasm or cpu' },
  precision: { value: 'type', text: 'multiply matrices in float32, bfloat16, or auto' },
};

/** What kept it busy: "model 61 % of the time; decode busy 74 %". */
export function timeWords({ seconds, modelSeconds, stages }: Pick<PredictSummary, 'seconds' | 'modelSeconds' | 'stages'>): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const busy = stages
    .filter(({ busyShare }) => busyShare >= 0.005)
    .map(({ stage, busyShare }) => `${stage} ${percent(busyShare)}`);
  return `${duration(seconds)}: model ${percent(modelSeconds / seconds)}; beside it ${busy.join(', ')}`;
} // prettier-ignore
