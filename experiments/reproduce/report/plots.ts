import type { Measures, Trained } from '../measures.js';
import { comparable } from '../plan.js';
import type { RunResult } from '../results.js';
import type { Block } from './document.js';
import { linePlot, type Series } from './line-plot.js';
import { systemsOf } from './tables.js';
import { CALLED } from './words.js';

/** A place on a curve, over seeds. */
function point(x: number, values: readonly number[]) {
  const y = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { x, y, low: Math.min(...values), high: Math.max(...values) };
}

/** Mean and range of the curves of several seeds, where all of them have a point. */
function curveOf(name: string, runs: readonly RunResult[], from: number): Series {
  const [first, ...others] = runs.map(({ curve }) => new Map(curve.map(({ step, loss }) => [step, loss]))); // prettier-ignore
  const points = [...(first ?? [])].flatMap(([step, loss]) => {
    const rest = others.map((curve) => curve.get(step));
    return step < from || rest.includes(undefined) ? [] : [point(step, [loss, ...rest.filter((one) => one !== undefined)])]; // prettier-ignore
  });
  return { name, points };
}

/** Of the first steps, in which every loss falls from far above, a plot of the differences shows nothing. */
const LEFT_OUT = 0.05;

/** Fig. 3: the losses of pre-training. */
export function lossPlot(measures: Measures): Block[] {
  const { steps, batch } = measures.results.protocol;
  const series = systemsOf(measures)
    .filter(comparable)
    .map((variant) => curveOf(CALLED[variant], measures.runs({ variant }), LEFT_OUT * steps))
    .filter(({ points }) => points.length > 1);
  if (series.length === 0) return [];
  const plot = { title: 'Loss of pre-training by step', x: `step (${batch} clips each)`, y: 'loss', series }; // prettier-ignore
  return [
    {
      kind: 'plot',
      name: 'figures/loss.svg',
      svg: linePlot(plot),
      caption:
        'Fig. 3: the loss of pre-training, mean over seeds; the bands are from the lowest to the highest of them. The first twentieth, in which all fall steeply, is left out.',
    },
  ];
}

function byRatio(name: string, places: readonly (readonly [number, ReadonlyMap<number, number>])[], scale: number): Series {
  return {
    name,
    points: places.flatMap(([ratio, values]) => (values.size === 0 ? [] : [point(100 * ratio, [...values.values()].map((value) => scale * value))])),
  };
} // prettier-ignore

/** Error against the share that is masked, and accuracy against the share that was. */
export function ratioPlots(measures: Measures): Block[] {
  const { runs, protocol } = measures.results;
  const ratios = [...new Set(runs.flatMap(({ reconstructions }) => reconstructions.map(({ maskRatio }) => maskRatio)))].sort((a, b) => a - b); // prettier-ignore
  const marks = ratios.map((ratio) => 100 * ratio);
  const errors = systemsOf(measures)
    .filter(comparable)
    .map((variant) => byRatio(CALLED[variant], ratios.map((maskRatio) => [maskRatio, measures.mse({ variant }, { maskRatio })]), 1000)); // prettier-ignore
  const trained = ratios.map((maskRatio): Trained => ({ variant: 'av', maskRatio }));
  const own = byRatio('trained at the same ratio', trained.map((kind) => [kind.maskRatio ?? 0, measures.mse(kind, { maskRatio: kind.maskRatio ?? 0 })]), 1000); // prettier-ignore
  const fractions = byRatio('AV-MaskEnhancer', trained.map((kind) => [kind.maskRatio ?? 0, measures.top1(kind)]), 100); // prettier-ignore
  const blocks: Block[] = [];
  const drawn = [...errors, ...(own.points.length > 1 ? [own] : [])].filter(({ points }) => points.length > 1); // prettier-ignore
  if (drawn.length > 0)
    blocks.push({
      kind: 'plot',
      name: 'figures/mask-ratio-error.svg',
      svg: linePlot({ title: 'Error by the share that is masked', x: 'masked when measured, %', y: 'error · 10⁻³', series: drawn, marks, dots: true }), // prettier-ignore
      caption: `Squared error on test clips by the share that is masked, of systems that were pre-trained with ${100 * protocol.maskRatio} % masked, and of AV-MaskEnhancer pre-trained at each ratio.`,
    });
  if (fractions.points.length > 1)
    blocks.push({
      kind: 'plot',
      name: 'figures/mask-ratio-top1.svg',
      svg: linePlot({ title: 'Top-1 by the share masked in pre-training', x: 'masked in pre-training, %', y: 'top-1, %', series: [fractions], marks, dots: true }), // prettier-ignore
      caption: 'Top-1 after fine-tuning, by the share that was masked in pre-training.',
    });
  return blocks;
}
