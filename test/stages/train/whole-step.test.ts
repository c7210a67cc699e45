import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../../cache/order/random.js';
import { trace } from '../../../engine/xla/trace.js';
import type { ElementType } from '../../../engine/xla/types.js';
import { classifierConfig } from '../../../model/classifier.js';
import { SYSTEM_NAMES, type ModelConfig } from '../../../model/config.js';
import { modelConfig } from '../../../model/model-config.js';
import { systemOf } from '../../../model/systems.js';
import { cosineWithWarmup } from '../../../model/optim/schedule.js';
import { initialWeights } from '../../../model/weights/init.js';
import { classificationObjective, classificationOptions, type LabelledBatch } from '../../../stages/finetune/objective.js'; // prettier-ignore
import { updateNumbers, type UpdatePlan } from '../../../stages/train/apply-update.js';
import { placesBehind, seedNumbers } from '../../../stages/train/dropout-seeds.js';
import { lossAndGradients } from '../../../stages/train/gradients.js';
import { reconstructionObjective, type Objective } from '../../../stages/train/objective.js';
import { AVERAGED } from '../../../model/weights/averages.js';
import { createTrainer } from '../../../stages/train/train.js';
import { planTraining, trainingOptions } from '../../../stages/train/training-options.js';
import { SEED, stateShapes, wholeStep } from '../../../stages/train/whole-step.js';
import { drawTubeMask, tokenOrder } from '../../../stages/mask/tube-mask.js';
import { useXla, type StepInputs } from '../../engine/xla/jaxlib.js';
import { onBackend } from '../../support/backends.js';
import { relativeError } from '../../support/golden.js';
import { slow } from '../../support/slow.js';

const SIZES = {
  ...{ frames: 4, imageSize: 16, patch: 4, width: 24, depth: 2, heads: 2 },
  ...{ decoderWidth: 16, decoderDepth: 1, decoderHeads: 2, mfccFrames: 16, melBands: 16 },
  ...{ audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1], dropout: 0.1 },
};
const CLIPS = 3;
const CLASSES = 3;
const STEPS = 5;
const TOLERANCE = 1e-5;

const configOf = (variant: string) => modelConfig.parse({ ...SIZES, variant });

/** Other clips, other masks for every `number`; one clip in three is silent. */
function batchOf(config: ModelConfig, number: number): LabelledBatch {
  const draw = (purpose: string) => randomFor(7, 0, number, purpose);
  const { frames, mel } = systemOf(config).input;
  const count = frames === 'one' ? 1 : config.frames;
  const side = config.imageSize / config.patch;
  const orders = Array.from({ length: CLIPS }, (_, clip) => {
    const picture = tokenOrder(drawTubeMask(side ** 2, 0.5, draw(`mask ${clip}`)), frames === 'one' ? 1 : config.frames / config.tubelet);
    if (!mel) return picture;
    const spectrum = tokenOrder(drawTubeMask(side ** 2, 0.5, draw(`spectrum ${clip}`)), 1);
    const behind = (tokens: Int32Array) => tokens.map((token) => token + side ** 2);
    return {
      visible: Int32Array.of(...picture.visible, ...behind(spectrum.visible)),
      masked: Int32Array.of(...picture.masked, ...behind(spectrum.masked)),
    };
  });
  const [pixel, sound] = [draw('pixels'), draw('sound')];
  const noise = (bands: number) => Float32Array.from({ length: CLIPS * config.mfccFrames * bands }, () => sound() - 0.5);
  return {
    position: number * CLIPS,
    keys: Array.from({ length: CLIPS }, (_, clip) => `clip ${number}/${clip}`),
    // Not one of each: gradients of the head's bias would cancel.
    labels: Array.from({ length: CLIPS }, (_, clip) => (clip > 1 ? 1 + number : number) % CLASSES),
    video: Uint8Array.from({ length: CLIPS * count * config.imageSize ** 2 * 3 }, () => 256 * pixel()),
    visible: Int32Array.from(orders.flatMap(({ visible }) => [...visible])),
    masked: Int32Array.from(orders.flatMap(({ masked }) => [...masked])),
    mfcc: noise(config.cepstra),
    ...(mel ? { mel: noise(16) } : {}),
    audioPresent: Float32Array.from({ length: CLIPS }, (_, clip) => Number((clip + number) % 3 > 0)),
  };
} // prettier-ignore

/** As before training, but biases are not 0 and heads not small: nothing cancels by design. */
function initialOf<B>({ specs }: Objective<B>) {
  const values = initialWeights(specs, (name) => randomFor(2, 0, name, 'init'));
  const near = (value: number, i: number) => value + 0.1 * Math.abs(Math.sin(i + 1));
  return new Map(
    specs.map(({ name, shape }) => [name, { shape, data: values.get(name)!.map(near) }]),
  );
}

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** Largest difference in proportion to the largest value, or to `least` where all are smaller. */
function errorOf(actual: ArrayLike<number>, expected: ArrayLike<number>, least = 0): number {
  const scale = largest(expected);
  return (relativeError(actual, expected) * Math.max(scale, 1e-12)) / Math.max(scale, least, 1e-12);
}

function planOf<B>(objective: Objective<B>): UpdatePlan {
  const { specs } = objective;
  return {
    shapes: new Map(specs.map(({ name, shape }) => [name, shape])),
    learned: specs.filter(({ trainable }) => trainable).map(({ name }) => name),
    options: { ...OPTIONS, average: 0.9 },
    batches: 1,
    clip: OPTIONS.clipGrad,
    scaleOf: objective.rateScale ?? (() => 1),
  };
}

const OPTIONS = trainingOptions.parse({ steps: 40, lr: 1e-3, warmupEpochs: 0, seed: 3, clipGrad: 0.5 }); // prettier-ignore
const PLAN = planTraining(OPTIONS, 40);

/**
 * Softmax does not feel what is added to all keys: the gradient of their bias is 0 but for rounding, and AdamW takes
 * steps of full length in rounding's direction. Moments are compared whole.
 */
function withoutKeys(name: string, values: Float32Array | Int32Array): ArrayLike<number> {
  if (!/(in_proj_bias|qkv\.bias)$/.test(name) || name.startsWith('optimizer.')) return values;
  const third = values.length / 3;
  return [...values].filter((_, i) => i < third || i >= 2 * third);
}

type Case = readonly [name: string, objective: Objective<LabelledBatch>, config: ModelConfig];

const pretraining = SYSTEM_NAMES.map((variant): Case => {
  const config = configOf(variant);
  return [`pre-training of ${variant}`, reconstructionObjective(config), config];
}); // prettier-ignore

const classifiers = (['av', 'v', 'cav-mae'] as const).flatMap((variant) => {
  const config = configOf(variant);
  return systemOf(config).fusions.map((fusion): Case => {
    const head = classifierConfig.parse({ classes: CLASSES, fusion, dropout: 0.1, dropPath: 0.1 });
    const objective = classificationObjective(config, head, classificationOptions.parse({}), (at) => randomFor(1, 0, at, 'mix')); // prettier-ignore
    return [`the classifier of ${variant}, ${fusion}`, objective, config];
  });
});

/** Those whose steps are taken, not their gradients alone. */
const STEPPED = [...pretraining, ...classifiers.filter(([name]) => /of (v, picture|av, fused|cav-mae, fused)/.test(name))]; // prettier-ignore

const valuesOf = (tensors: Readonly<Record<string, tf.Tensor>>): StepInputs =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync() as Float32Array])); // prettier-ignore

onBackend('wasm', 'a whole step as a program for XLA', () => {
  const run = useXla();

  /** XLA takes seconds to compile each: the fast run has those of pictures, and one of sound. */
  const isFast = (name: string) => /of (v|v, picture|cav-mae)$/.test(name);

  for (const [name, objective, config] of [...pretraining, ...classifiers])
    (isFast(name) ? it : slow.it)(
      `has eager loss, terms, statistics and gradients: ${name}`,
      () => {
        const batch = objective.load(batchOf(config, 0), 'learn');
        const initial = initialOf(objective);
        const weights = new Map([...initial].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])])); // prettier-ignore
        const { learned } = planOf(objective);
        const seed = tf.tensor1d(seedNumbers(3, 0, 0), 'int32');
        const work = () => ({ ...lossAndGradients(batch, learned, weights, placesBehind(seed)) });
        const inputs = { ...batch.tensors, ...Object.fromEntries(weights), seed };
        const program = trace({ inputs, work });
        const expected = work();
        const [results] = run(program, [given(program, valuesOf(inputs))]);
        assert.deepEqual(Object.keys(results!), Object.keys(expected));
        // Sums of large terms that cancel are as exact as their terms are.
        const least =
          1e-3 * Math.max(...learned.map((_, i) => largest(expected[`gradient.${i}`]!.dataSync())));
        for (const [name, tensor] of Object.entries(expected)) {
          const gradient = name.startsWith('gradient.');
          const error = errorOf(results![name]!, tensor.dataSync(), gradient ? least : 0);
          assert.ok(
            error < TOLERANCE,
            `${gradient ? learned[Number(name.slice(9))] : name}: ${error}`,
          );
        }
      },
    );

  for (const [name, objective, config] of STEPPED)
    (name.endsWith('of v') ? it : slow.it)(
      `leads to the same weights, moments and averages in ${STEPS} steps: ${name}`,
      async () => {
        const initial = initialOf(objective);
        const plan = planOf(objective);
        const trainer = createTrainer({ objective, options: plan.options as typeof OPTIONS, plan: PLAN, initial, step: 0, capture: false }); // prettier-ignore
        const batches = Array.from({ length: STEPS }, (_, i) => batchOf(config, i));
        const losses: number[] = [];
        for (const batch of batches) losses.push((await trainer.train(batch)).loss);
        const expected = await trainer.state();

        // Mixing makes other numbers of pixels than whole ones.
        const bytes = !name.includes('classifier');
        const arrives: Record<string, ElementType> = bytes ? { video: 'ui8' } : {};
        const sample = objective.load(batches[0]!, 'learn');
        const program = wholeStep({ batch: sample, plan, arrives });
        const zeros = (size: number) => new Float32Array(size);
        const state = [...stateShapes(plan)].map(([name, shape]): [string, Float32Array] => {
          const own = initial.get(name.startsWith(AVERAGED) ? name.slice(AVERAGED.length) : name);
          return [name, own?.data ?? zeros(tf.util.sizeFromShape([...shape]))];
        });
        const steps = batches.map((batch, i) => {
          const numbers = updateNumbers(plan, i + 1, cosineWithWarmup(i, PLAN));
          const scalars = Object.entries(numbers).map(([name, value]) => [name, Float32Array.of(value)] as const); // prettier-ignore
          const all = {
            ...valuesOf(objective.load(batch, 'learn').tensors),
            ...(bytes ? { video: batch.video } : {}),
            ...Object.fromEntries(scalars),
            ...(i === 0 ? Object.fromEntries(state) : {}),
            [SEED]: seedNumbers(OPTIONS.seed, i, 0),
          };
          return given(program, all);
        });
        const results = run(program, steps);
        losses.forEach((loss, i) => {
          assert.ok(relativeError(results[i]!['loss']!, [loss]) < TOLERANCE, `loss ${i}: ${loss}, ${results[i]!['loss']![0]}`); // prettier-ignore
        });
        for (const [name, { data }] of expected) {
          const made = results.at(-1)![name];
          // What does not learn stays with the caller.
          if (made === undefined) assert.ok(!plan.learned.includes(name), `${name} is missing`);
          else {
            const error = relativeError(withoutKeys(name, made), withoutKeys(name, data));
            assert.ok(error < TOLERANCE, `${name}: ${error}`);
          }
        }
        trainer.dispose();
      },
    );

  slow.it('leaves all as it is where the loss is not a number', () => {
    const [, objective, config] = pretraining.find(([name]) => name.endsWith('of av'))!;
    const initial = initialOf(objective);
    initial.set('mask_token', { ...initial.get('mask_token')!, data: initial.get('mask_token')!.data.map(() => NaN) }); // prettier-ignore
    const plan = planOf(objective);
    const batch = batchOf(config, 0);
    const { tensors } = objective.load(batch, 'learn');
    const program = wholeStep({ batch: objective.load(batch, 'learn'), plan });
    const state = [...stateShapes(plan)].map(([name, shape]) => {
      const size = tf.util.sizeFromShape([...shape]);
      return [name, initial.get(name)?.data ?? new Float32Array(size).fill(0.25)] as const;
    });
    const numbers = Object.entries(updateNumbers(plan, 1, 1)).map(([name, value]) => [name, Float32Array.of(value)] as const); // prettier-ignore
    const all = { ...valuesOf(tensors), ...Object.fromEntries(numbers), ...Object.fromEntries(state), [SEED]: seedNumbers(0, 0, 0) }; // prettier-ignore
    const [results] = run(program, [given(program, all)]);
    assert.ok(Number.isNaN(results!['loss']![0]));
    for (const [name, before] of state)
      if (results![name] !== undefined) assert.deepEqual(results![name], before, name);
  });

  it('multiplies in bfloat16 where it is asked to, with a loss near to float32', () => {
    const [, objective, config] = pretraining.find(([name]) => name.endsWith('of v'))!;
    const plan = planOf(objective);
    const batch = objective.load(batchOf(config, 0), 'learn');
    const initial = initialOf(objective);
    const state = [...stateShapes(plan)].map(([name, shape]) => [name, initial.get(name)?.data ?? new Float32Array(tf.util.sizeFromShape([...shape]))] as const); // prettier-ignore
    const numbers = Object.entries(updateNumbers(plan, 1, 0)).map(([name, value]) => [name, Float32Array.of(value)] as const); // prettier-ignore
    const all = { ...valuesOf(batch.tensors), ...Object.fromEntries(numbers), ...Object.fromEntries(state), [SEED]: seedNumbers(0, 0, 0) }; // prettier-ignore
    const [wide, narrow] = (['float32', 'bfloat16'] as const).map((precision) => {
      const program = wholeStep({ batch, plan, precision });
      return run(program, [given(program, all)])[0]!['loss']!;
    });
    const error = relativeError(narrow!, wide!);
    assert.ok(error > 0 && error < 1e-2, `${error}`);
  });

  /** What a program takes of what there is. */
  function given(program: { arguments: readonly { name: string }[] }, all: StepInputs): StepInputs {
    return Object.fromEntries(
      program.arguments.flatMap(({ name }) => {
        const values = all[name];
        return values === undefined ? [] : [[name, values] as const];
      }),
    );
  }
});
