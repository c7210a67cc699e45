import { resolve } from 'node:path';
import { randomFor } from '../../cache/index.js';
import { initialWeights, type ModelConfig, type StoredValues, type WeightSpec } from '../../model/index.js'; // prettier-ignore
import { avmeVersion } from '../version.js';
import type { RunDescription } from './run-folder.js';
import type { TrainingData } from './training-data.js';
import type { ValidationData } from './validation-data.js';

/** Through JSON, so that it compares equal to what is read back. */
const plain = (value: object) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

/** What every kind of run writes down of itself. */
export async function describeRun(
  { training, init }: { readonly training: object; readonly init?: string | undefined },
  run: {
    readonly config: ModelConfig;
    readonly data: TrainingData;
    readonly validation: ValidationData;
    readonly backend: string;
  },
): Promise<RunDescription> {
  return {
    schema: 1,
    model: plain(run.config),
    training: { ...plain(training), ...(init === undefined ? {} : { init: resolve(init) }) },
    data: run.data.description,
    ...run.validation.description,
    begunWith: { avme: await avmeVersion(), node: process.version, backend: run.backend },
  };
}

/** Weights as a run with this seed begins with them. */
export function drawWeights(specs: readonly WeightSpec[], seed: number): StoredValues {
  const values = initialWeights(specs, (name) => randomFor(seed, 0, name, 'init'));
  return new Map([...values].map(([name, data]) => [name, { data }]));
}
