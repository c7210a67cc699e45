import assert from 'node:assert/strict';
import { randomFor } from '../../../../cache/order/random.js';
import { useBackend } from '../../../../engine/backend.js';
import type { ModelConfig } from '../../../../model/config.js';
import { modelConfig } from '../../../../model/model-config.js';
import { pretrainSpecs } from '../../../../model/systems.js';
import { initialWeights } from '../../../../model/weights/init.js';
import type { ClipBatch } from '../../../../stages/batch/batch.js';
import { drawTubeMask, tokenOrder } from '../../../../stages/mask/tube-mask.js';
import { reconstructionObjective } from '../../../../stages/train/objective.js';
import type { NamedValues } from '../../../../stages/train/optimizer.js';
import {
  createParallelTrainer,
  type ParallelTrainerOptions,
} from '../../../../stages/train/parallel/parallel-trainer.js';
import { createTrainer, LossError, type Trainer } from '../../../../stages/train/train.js';
import { planTraining, trainingOptions } from '../../../../stages/train/training-options.js';

const SIZES = {
  ...{ frames: 4, imageSize: 16, patch: 4, width: 24, depth: 1, heads: 2 },
  ...{ decoderWidth: 16, decoderDepth: 1, decoderHeads: 2, mfccFrames: 16, dropout: 0.2 },
  ...{ audioFilters: [8, 8, 8, 8], audioLayers: [1, 1, 1, 1] },
};
const AV = modelConfig.parse({ ...SIZES, variant: 'av' });
const V = modelConfig.parse({ ...SIZES, variant: 'v' });
const CLIPS = 5;

/** Clips of noise that differ from batch to batch; the third one has no sound. */
function batchOf(config: ModelConfig, position: number): ClipBatch {
  const draw = randomFor(5, 0, position, 'batch');
  const orders = Array.from({ length: CLIPS }, (_, clip) =>
    tokenOrder(drawTubeMask(16, 0.5, randomFor(5, position, clip, 'mask')), 2),
  );
  const sound = config.mfccFrames * config.cepstra;
  const mfcc = Float32Array.from({ length: CLIPS * sound }, () => 2 * draw() - 1);
  mfcc.fill(0, 2 * sound, 3 * sound);
  return {
    position,
    keys: Array.from({ length: CLIPS }, (_, clip) => `key of clip ${clip}`),
    video: Uint8Array.from({ length: CLIPS * 4 * 16 * 16 * 3 }, () => 256 * draw()),
    visible: Int32Array.from(orders.flatMap(({ visible }) => [...visible])),
    masked: Int32Array.from(orders.flatMap(({ masked }) => [...masked])),
    mfcc,
    audioPresent: Float32Array.of(1, 1, 0, 1, 1),
  };
}

function fresh(config: ModelConfig): NamedValues {
  const specs = pretrainSpecs(config);
  const values = initialWeights(specs, (name) => randomFor(2, 0, name, 'init'));
  return new Map(specs.map(({ name, shape }) => [name, { shape, data: values.get(name)! }]));
}

const OPTIONS = trainingOptions.parse({ steps: 50, lr: 1e-3, warmupEpochs: 0, clipGrad: 1 });

function setup(config: ModelConfig, initial = fresh(config), step = 0) {
  const options = { ...OPTIONS, average: 0.9 };
  return { options, plan: planTraining(OPTIONS, CLIPS), initial, step };
}

const single = (config: ModelConfig, initial?: NamedValues, step?: number) =>
  createTrainer({
    ...setup(config, initial, step),
    objective: reconstructionObjective(config),
    capture: false,
  });

const parallel = (
  config: ModelConfig,
  threads: number,
  more: Partial<ParallelTrainerOptions> = {},
) => createParallelTrainer({ ...setup(config), config, backend: 'wasm', threads, ...more });

/** Takes steps up to `end`, each on `parts` batches. @returns losses */
async function takeSteps(trainer: Trainer<ClipBatch>, config: ModelConfig, end: number, parts = 1) {
  const losses: number[] = [];
  while (trainer.step < end) {
    for (let part = 0; part < parts; part++)
      await trainer.add(batchOf(config, trainer.step * parts + part));
    losses.push(trainer.finish().loss);
  }
  return losses;
}

/** The largest difference between two states, of that name's largest value. */
function apart(a: NamedValues, b: NamedValues): { name: string; by: number } {
  assert.deepEqual([...a.keys()].sort(), [...b.keys()].sort());
  let worst = { name: '', by: 0 };
  for (const [name, { data }] of a) {
    const other = b.get(name)!.data;
    const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
    const by = data.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0);
    if (by / scale > worst.by) worst = { name, by: by / scale };
  }
  return worst;
}

/** What tells rounding from a fault: of a gradient that is all noise, AdamW makes a whole step. */
const gathered = (state: NamedValues): NamedValues =>
  new Map([...state].filter(([name]) => /running_|exp_avg\./.test(name)));

describe('a parallel trainer', function () {
  this.timeout(120_000);
  before(() => useBackend('wasm'));

  for (const [name, config] of [
    ['av', AV],
    ['v', V],
  ] as const)
    // prettier-ignore
    it(`learns with two and three threads what one trainer learns, to rounding: ${name}`, async () => {
      const one = single(config);
      const losses = await takeSteps(one, config, 5, 2);
      for (const threads of [2, 3]) {
        const several = await parallel(config, threads);
        try {
          assert.equal(several.parameters, one.parameters);
          const theirs = await takeSteps(several, config, 5, 2);
          theirs.forEach((loss, i) => {
            assert.ok(Math.abs(loss - losses[i]!) < 2e-6 * losses[i]!, `${loss}, not ${losses[i]}`);
          });
          const worst = apart(gathered(await one.state()), gathered(await several.state()));
          assert.ok(worst.by < 5e-4, `${worst.name} is ${worst.by} off`);
        } finally {
          several.dispose();
        }
      }
      one.dispose();
    });

  it('goes on to the bit on as many threads, and to rounding on another number', async () => {
    const whole = await parallel(AV, 2);
    await takeSteps(whole, AV, 3);
    const half = await whole.state();
    const losses = await takeSteps(whole, AV, 5);
    const end = await whole.state();
    whole.dispose();
    const again = await parallel(AV, 2, setup(AV, half, 3));
    assert.deepEqual(await takeSteps(again, AV, 5), losses);
    assert.deepEqual(await again.state(), end);
    again.dispose();
    const one = single(AV, half, 3);
    const theirs = await takeSteps(one, AV, 5);
    one.dispose();
    theirs.forEach((loss, i) => { assert.ok(Math.abs(loss - losses[i]!) < 2e-6 * loss); }); // prettier-ignore
  });

  it('measures what one trainer measures', async () => {
    const batches = async function* () {
      yield await Promise.resolve(batchOf(AV, 7));
      yield await Promise.resolve(batchOf(AV, 8));
    };
    const one = single(AV);
    const two = await parallel(AV, 2);
    assert.deepEqual(await two.measure(batches()), await one.measure(batches()));
    one.dispose();
    two.dispose();
  });

  it('names all clips of a batch whose loss is not finite, and can go on', async () => {
    const two = await parallel(AV, 2);
    const bad = batchOf(AV, 0);
    // In the second thread's part only.
    bad.mfcc[bad.mfcc.length - 1] = NaN;
    await assert.rejects(two.add(bad), (error) => error instanceof LossError && /step 1 is NaN.*(key of clip.*){5}/.test(error.message)); // prettier-ignore
    assert.ok(Number.isFinite((await two.train(batchOf(AV, 0))).loss));
    two.dispose();
  });

  it('ends with the cause where one thread throws, and does not wait for it', async () => {
    const two = await parallel(AV, 2);
    const bad = batchOf(AV, 0);
    bad.visible[bad.visible.length - 1] = 1000;
    await assert.rejects(two.train(bad), /gather: an index lies outside/);
    await assert.rejects(two.train(batchOf(AV, 1)), /gather: an index lies outside/);
    two.dispose();
  });

  it('ends with one sentence where a thread dies', async () => {
    // Too little to load TensorFlow.js in: Node ends such a thread.
    const starting = parallel(AV, 2, { resourceLimits: { maxOldGenerationSizeMb: 4 } });
    await assert.rejects(starting, /training thread [12] of 2 ran out of memory;/);
  });

  it('refuses a system whose loss compares clips', async () => {
    const config = { ...AV, variant: 'cav-mae' as const };
    await assert.rejects(parallel(config, 2), /compares the clips of a batch/);
  });
});
