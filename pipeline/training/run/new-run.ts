import type { Engine } from '../engine.js';
import type { RunDescription } from './run-description.js';
import { resolve } from 'node:path';
import { randomFor } from '../../../cache/order/random.js';
import { initialWeights } from '../../../model/weights/init.js';
import type { ModelConfig } from '../../../model/config.js';
import type { StoredValues } from '../../../model/weights/load-weights.js';
import type { WeightSpec } from '../../../model/weights/weights.js';
import type { AudioStatistics } from '../../../stages/batch/audio-statistics.js';
import { avmeVersion } from '../../version.js';
import { readRunIfAny } from './run-folder.js';
import { statisticsOf } from './run-statistics.js';
import type { TrainingData } from '../data/training-data.js';
import type { ValidationData } from '../data/validation-data.js';

/** Through JSON, so that it compares equal to what is read back. */
const plain = (value: object) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

/**
 * By what a run standardises sound: what it began with, or else the statistics of what it learns from.
 * @returns undefined for a run of an earlier version, which does it by what each cache says
 */
export async function statisticsFor(
  folder: string,
  { sources }: TrainingData,
): Promise<AudioStatistics | undefined> {
  const run = await readRunIfAny(folder);
  const own = statisticsOf(sources);
  if (run === undefined) return own;
  // A run on other caches is refused once all that differs is known.
  const fits =
    run.statistics === undefined || run.statistics.mfcc.mean.length === own.mfcc.mean.length;
  return fits ? run.statistics : own;
}

/** What every kind of run writes down of itself. */
export async function describeRun(
  { training, init }: { readonly training: object; readonly init?: string | undefined },
  run: {
    readonly config: ModelConfig;
    readonly data: TrainingData;
    readonly validation: ValidationData;
    readonly engine: Engine;
    readonly statistics: AudioStatistics | undefined;
  },
): Promise<RunDescription> {
  return {
    schema: 1,
    model: plain(run.config),
    training: { ...plain(training), ...(init === undefined ? {} : { init: resolve(init) }) },
    data: run.data.description,
    ...run.validation.description,
    ...(run.statistics && { statistics: run.statistics }),
    begunWith: { avme: await avmeVersion(), node: process.version, backend: run.engine.backend, precision: run.engine.precision }, // prettier-ignore
  };
}

/** Weights as a run with this seed begins with them. */
export function drawWeights(specs: readonly WeightSpec[], seed: number): StoredValues {
  const values = initialWeights(specs, (name) => randomFor(seed, 0, name, 'init'));
  return new Map([...values].map(([name, data]) => [name, { data }]));
}
