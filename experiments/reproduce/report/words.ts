import { type SystemName } from '../../../model/config.js';

import { testMean, type BySeed, type Interval } from '../statistics.js';

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

/** An interval at the digits of what it is about. */
export const intervalText = ([low, high]: Interval, scale: number, digits: number) =>
  `[${(scale * low).toFixed(digits)}, ${(scale * high).toFixed(digits)}]`;

/**
 * Mean over seeds with its interval, each times `scale`. Student's interval knows no limits: it is cut at
 * 0 and at `most`, which no mean can pass.
 */
function meanText(values: BySeed, scale: number, digits: number, most = Infinity): string {
  if (values.size === 0) return NONE;
  const { mean, interval } = testMean([...values.values()]);
  const within = ([low, high]: Interval): Interval => [Math.max(0, low), Math.min(most, high)];
  const around = interval === null ? '' : ` ${intervalText(within(interval), scale, digits)}`;
  return `${(scale * mean).toFixed(digits)}${around}`;
}

/** A squared error, in thousandths. */
export const errorText = (values: BySeed) => meanText(values, 1000, 2);
/** An accuracy, in per cent. */
export const percentText = (values: BySeed) => meanText(values, 100, 1, 1);

export const percent = (fraction: number) => `${Number((100 * fraction).toFixed(1))} %`;

/** A span of time as a person reads it. */
export function span(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`; // prettier-ignore
}
