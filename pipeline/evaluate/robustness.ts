import { drawBars } from '../../rendering/bar-chart.js';
import { evaluate, type EvaluateResult } from './evaluate.js';
import { secondsSince, writeResults, type EvaluateEvent, type EvaluateRequest } from './work.js';

/** Worse and worse pictures. */
export const PICTURES = [
  { picture: 'clean', blur: 0, lowRes: 1 },
  { picture: 'blurred a little', blur: 1, lowRes: 1 },
  { picture: 'blurred', blur: 3, lowRes: 1 },
  { picture: 'half the resolution', blur: 0, lowRes: 2 },
  { picture: 'a quarter', blur: 0, lowRes: 4 },
] as const;
const HEARD = ['own', 'mute'] as const;

/** A condition, and what came out under it: of a classifier top-1, of a reconstruction the error. */
export interface RobustnessRow {
  readonly picture: string;
  readonly blur: number;
  readonly lowRes: number;
  readonly sound: (typeof HEARD)[number];
  readonly top1?: number;
  readonly top5?: number;
  readonly meanClass?: number;
  readonly loss?: number;
  readonly mse?: number;
}

export interface RobustnessResult {
  readonly kind: EvaluateResult['kind'];
  readonly step: number;
  readonly clips: number;
  readonly badRecords: number;
  readonly seconds: number;
  readonly rows: readonly RobustnessRow[];
}

export interface RobustnessRequest extends Omit<EvaluateRequest, 'sound' | 'blur' | 'lowRes'> {
  /** Told of each condition when it is done. */
  readonly onRow?: ((row: RobustnessRow, result: EvaluateResult) => void) | undefined;
}

function numbersOf(result: EvaluateResult): Pick<RobustnessRow, 'top1' | 'top5' | 'meanClass' | 'loss' | 'mse'> {
  if (result.kind === 'reconstruction') return { loss: result.loss, mse: result.mse };
  const { top1, top5, meanClass } = result.accuracy;
  return { top1, top5, meanClass };
} // prettier-ignore

function draw({ kind, step, clips, rows }: RobustnessResult): Promise<Buffer> {
  const classifies = kind === 'classifier';
  const groups = PICTURES.map(({ picture }) => ({
    name: picture,
    values: HEARD.map((sound) => {
      const row = rows.find((one) => one.picture === picture && one.sound === sound);
      return (classifies ? row?.top1 : row?.mse) ?? NaN;
    }),
  }));
  return drawBars(groups, {
    heading: `${classifies ? 'top-1' : 'squared error of masked pixels'}: ${clips} clips, step ${step}`,
    series: ['with sound', 'muted'],
    format: (value) => (classifies ? `${(100 * value).toFixed(1)} %` : value.toPrecision(3)),
    ...(classifies && { most: 1 }),
  });
}

/**
 * The paper's question: what does sound add when the picture is bad? Evaluates the run under each
 * condition, with its own sound and without, and writes `robustness.json` and `robustness.png`.
 * @throws Error as {@link evaluate}
 */
export async function evaluateRobustness({ onRow, out, ...request }: RobustnessRequest): Promise<RobustnessResult> {
  const start = performance.now();
  const rows: RobustnessRow[] = [];
  let last: EvaluateResult | undefined;
  for (const condition of PICTURES)
    for (const sound of HEARD) {
      const { blur, lowRes } = condition;
      const onEvent = (event: EvaluateEvent) => {
        // What is to be known of all conditions is said once.
        if (event.event !== 'note' || rows.length === 0) request.onEvent?.(event);
      };
      last = await evaluate({ ...request, onEvent, blur, lowRes, sound });
      const row = { ...condition, sound, ...numbersOf(last) };
      rows.push(row);
      onRow?.(row, last);
    }
  const { kind = 'classifier', step = 0, clips = 0, badRecords = 0 } = last ?? {};
  const result = { kind, step, clips, badRecords, seconds: secondsSince(start), rows };
  await writeResults(out, {
    'robustness.json': `${JSON.stringify(result, null, 2)}\n`,
    'robustness.png': await draw(result),
  });
  return result;
} // prettier-ignore
