import { type SystemName } from '../../../model/config.js';

import { spreadOf, type BySeed } from '../statistics.js';

export const CALLED: Readonly<Record<SystemName, string>> = {
  av: 'AV-MaskEnhancer',
  'av-self': 'self-attention alone',
  'av-cross': 'cross-attention alone',
  'av-no-cross': 'concatenation alone',
  v: 'VideoMAE',
  'cav-mae': 'CAV-MAE',
};

/** Where something was not run. */
export const NONE = '–';

/** Mean ± deviation over seeds, each times `scale`. */
function spread(values: BySeed, scale: number, digits: number, unit = ''): string {
  if (values.size === 0) return NONE;
  const { mean, deviation } = spreadOf([...values.values()]);
  const around = deviation === null ? '' : ` ± ${(scale * deviation).toFixed(digits)}`;
  return `${(scale * mean).toFixed(digits)}${around}${unit}`;
}

/** A squared error, in thousandths. */
export const errorText = (values: BySeed) => spread(values, 1000, 2);
/** An accuracy, in per cent. */
export const percentText = (values: BySeed) => spread(values, 100, 1);

export const percent = (fraction: number) => `${Number((100 * fraction).toFixed(1))} %`;

/** A span of time as a person reads it. */
export function span(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`; // prettier-ignore
}
