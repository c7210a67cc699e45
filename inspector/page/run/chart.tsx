import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useMedia, useSize } from '../hooks.js';
import { smooth } from './metrics.js';

export interface Curve {
  readonly name: string;
  /** Number of the run, which decides the colour. */
  readonly colour: number;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

interface ChartProps {
  readonly title: string;
  readonly across: string;
  readonly curves: readonly Curve[];
  readonly log: boolean;
  /** Whether single values are mostly noise: then they are faint, and their moving average strong. */
  readonly noisy: boolean;
}

const HEIGHT = 240;
const COLOURS = 6;

const variable = (name: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const short = (value: number | null) =>
  value === null || !Number.isFinite(value)
    ? '–'
    : Math.abs(value) >= 1e-3 || value === 0
      ? String(Number(value.toPrecision(4)))
      : value.toExponential(1);

/** Each curve as it was logged, and as its moving average where it is noisy. */
function tableOf({ curves, noisy }: ChartProps): uPlot.AlignedData {
  const tables = curves.flatMap(({ x, y }) => {
    const radius = Math.ceil(y.length / 60);
    return (noisy ? [y, smooth(y, radius)] : [y]).map((values): uPlot.AlignedData => [
      [...x],
      [...values],
    ]);
  });
  return tables.length === 0 ? [[]] : uPlot.join(tables);
}

function optionsOf(props: ChartProps, width: number): uPlot.Options {
  const { curves, noisy, across, log } = props;
  const ink = variable('--ink-soft');
  const grid = { stroke: variable('--line'), width: 1 };
  const series = curves.flatMap(({ name, colour }): uPlot.Series[] => {
    const stroke = variable(`--series-${colour % COLOURS}`);
    const common = { spanGaps: true, points: { show: false } };
    const strong = { ...common, label: name, stroke, width: 2, value: (_: uPlot, value: number | null) => short(value) }; // prettier-ignore
    const faint = { ...common, label: `${name}, each step`, stroke: `${stroke}48`, width: 1 };
    return noisy ? [faint, strong] : [strong];
  });
  return {
    width,
    height: HEIGHT,
    padding: [10, 14, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 7 }, y: false, drag: { x: true, y: false } },
    scales: {
      x: { time: false },
      // The enum exists among the types only.
      // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
      y: { distr: log ? 3 : 1 },
    },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: { show: false }, label: across, labelSize: 18, labelFont: '12px system-ui', font: '11px system-ui', size: 28 },
      { stroke: ink, grid, ticks: { show: false }, font: '11px system-ui', size: 58, values: (_, values) => values.map(short) },
    ],
    series: [{ label: across }, ...series],
  }; // prettier-ignore
}

/** One metric of several runs over the steps. */
export function Chart(props: ChartProps) {
  const { title, curves, log, noisy, across } = props;
  const [box, { width }] = useSize();
  const dark = useMedia('(prefers-color-scheme: dark)');
  const plot = useRef<uPlot | null>(null);
  const shown = useRef<HTMLOutputElement>(null);
  const shape = [width, dark, log, noisy, across, ...curves.map(({ name, colour }) => `${name}${colour}`)].join(); // prettier-ignore
  useEffect(() => {
    if (box.current === null || width === 0) return;
    const each = noisy ? 2 : 1;
    const tell = ({ cursor: { idx }, data }: uPlot) => {
      if (shown.current === null) return;
      const at = data[0][idx ?? -1];
      const values = curves.flatMap(({ name }, i) => {
        const value = data[each * (i + 1)]?.[idx ?? -1] ?? null;
        return value === null ? [] : [`${curves.length > 1 ? `${name} ` : ''}${short(value)}`];
      });
      shown.current.textContent =
        at === undefined ? '' : `${across} ${short(at)}: ${values.join(' · ')}`;
    };
    const made = new uPlot(
      { ...optionsOf(props, width), hooks: { setCursor: [tell] } },
      tableOf(props),
      box.current,
    );
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [shape]);
  const table = useRef<readonly Curve[]>(curves);
  useEffect(() => {
    if (table.current !== curves) plot.current?.setData(tableOf(props));
    table.current = curves;
  }, [curves]);
  const last = curves.map(({ name, y }) => `${name}: ${short(y.at(-1) ?? null)}`).join(', ');
  return (
    <figure class="chart" data-metric={title}>
      <figcaption>
        <h2>{title}</h2>
        <output ref={shown} class="faint" />
      </figcaption>
      <div
        ref={box}
        class="plot"
        role="img"
        aria-label={`${title} over ${across}s; last values ${last}`}
      />
    </figure>
  );
}
