import * as tf from '@tensorflow/tfjs-core';
import { pretrainedName, type ClassifierConfig } from '../../model/classifier.js';
import type { ModelConfig } from '../../model/config.js';
import type { Represented } from '../../model/system.js';
import { classifierSpecs, pretrainSpecs, systemOf } from '../../model/systems.js';
import { loadWeights, type StoredValues } from '../../model/weights/load-weights.js';
import { weightsFrom } from '../../model/weights/weights.js';
import type { Tensors } from '../../engine/graph/capture.js';
import type { ClipBatch } from '../batch/batch.js';
import { toLabelBatch } from '../batch/model-batch.js';
import { choosePrecision, createRunner, type PrecisionChoice } from '../train/runner.js';

/** Which representation of clips is wanted. */
export interface RepresenterOptions {
  readonly of: Represented;
  /** Block of the picture's encoder, from 1; default the last, behind its norm. */
  readonly layer?: number | undefined;
  /** All tokens, `[slots, rows, columns, width]`, instead of their mean. */
  readonly tokens?: boolean | undefined;
  readonly precision?: PrecisionChoice | undefined;
}

/** A trained model that represents clips by vectors. */
export interface Representer {
  /** One vector a clip, float32; and the shape of one. */
  represent(batch: ClipBatch): Promise<{ readonly values: Float32Array; readonly shape: readonly number[] }>;
  dispose(): void;
} // prettier-ignore

/**
 * @param head of a run that is a classifier
 * @throws Error naming a weight that is missing; of `represent`, RangeError where the model has not what is wanted
 */
export function createRepresenter(
  config: ModelConfig,
  head: ClassifierConfig | undefined,
  values: StoredValues,
  { of, layer, tokens = false, precision }: RepresenterOptions,
): Representer {
  const runner = createRunner('auto', choosePrecision(precision));
  const specs = head === undefined ? pretrainSpecs(config) : classifierSpecs(config, head);
  const loaded = loadWeights(values, specs);
  const pretrained = new Set(pretrainSpecs(config).map(({ name }) => name));
  const nameOf = (name: string) => pretrained.has(pretrainedName(name)) ? pretrainedName(name) : name; // prettier-ignore
  const named = new Map([...loaded].map(([name, tensor]) => [nameOf(name), tensor]));
  const names = new Set(named.keys());
  let grid: readonly number[] = [];
  return {
    async represent(batch) {
      const clips = toLabelBatch(batch, config);
      const inputs = { ...Object.fromEntries(loaded), ...clips } as Tensors;
      try {
        const { vectors } = runner.run('vectors', inputs, () => {
          const made = systemOf(config).represent(clips, weightsFrom(named), config, { of, layer, names, centreInTime: head?.centreInTime ?? false }); // prettier-ignore
          grid = made.grid;
          return { vectors: tokens ? tf.clone(made.tokens) : tf.mean(made.tokens, 1) };
        }) as Record<'vectors', tf.Tensor>;
        const data = (await vectors.data()) as Float32Array;
        const width = vectors.shape.at(-1) ?? 0;
        tf.dispose(vectors);
        return { values: data, shape: tokens ? [...grid, width] : [width] };
      } finally {
        tf.dispose({ ...clips });
      }
    },
    dispose() {
      runner.dispose();
      tf.dispose([...loaded.values()]);
    },
  };
}
