/**
 * What a step of each system costs against VideoMAE's: the arithmetic of its products and convolutions, counted, and
 * the time of captured steps, in processes of their own and in turns.
 *   node dist/bench/systems.js --size s --batch 2 --steps 8 --systems v,av-no-cross,av,cav-mae
 *     --size s, b, small or tiny  --threads (default: all)  --mode captured, bfloat16, xla or eager
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { pretrainSpecs } from '../model/systems.js';
import { useBackend } from '../engine/backend.js';
import { createTrainer } from '../stages/train/train.js';
import { planTraining } from '../stages/train/training-options.js';
import { reconstructionObjective } from '../stages/train/objective.js';
import { countArithmetic } from './arithmetic.js';
import { ownContender } from './step/contenders.js';
import { batchOf, configOf } from '../test/support/step-model.js';
import { MODES, OPTIONS, STEPS, weightsOf, type Mode } from './step/process.js';

const { values: asked } = parseArgs({
  options: {
    size: { type: 'string', default: 's' },
    systems: { type: 'string', default: 'v,av-no-cross,av' },
    mode: { type: 'string', default: 'captured' },
    batch: { type: 'string', default: '2' },
    steps: { type: 'string', default: '8' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const [clips, steps, threads] = [asked.batch, asked.steps, asked.threads].map(Number) as [number, number, number]; // prettier-ignore
if (!(asked.mode in MODES)) throw new Error(`there is no mode ${asked.mode}`);
const systems = asked.systems.split(',');

/** GFLOP of a clip in one step. */
async function arithmeticOf(variant: string) {
  const config = configOf(asked.size, variant);
  // Before the weights come to the device: their shapes are part of the count.
  const counted = countArithmetic();
  const trainer = createTrainer({
    objective: reconstructionObjective(config),
    options: OPTIONS,
    plan: planTraining(OPTIONS, STEPS),
    initial: new Map(weightsOf(asked.size, variant).map(({ name, data }) => [name, { data }])),
    step: 0,
    capture: false,
  });
  await trainer.train(batchOf(config, 1, 0));
  trainer.dispose();
  const { products, convolutions } = counted();
  const weights = pretrainSpecs(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0); // prettier-ignore
  return { weights, products: products / 1e9, convolutions: convolutions / 1e9 };
}

await useBackend('tensorflow');
const arithmetic = new Map<string, Awaited<ReturnType<typeof arithmeticOf>>>();
for (const variant of systems) arithmetic.set(variant, await arithmeticOf(variant));
const contenders = await Promise.all(
  systems.map((variant) => ownContender(asked.mode as Mode, { size: asked.size, variant, clips, threads })),
); // prettier-ignore
const times: number[][] = systems.map(() => []);
for (let step = 0; step <= steps; step++)
  for (const [i, contender] of contenders.entries()) {
    const { ms } = await contender.step(step);
    // The first is recorded, and its graphs optimised.
    if (step > 0) times[i]?.push(ms);
  }
for (const contender of contenders) contender.close();

const quantile = (numbers: readonly number[], fraction: number) => numbers.toSorted((a, b) => a - b)[Math.round(fraction * (numbers.length - 1))] ?? NaN; // prettier-ignore
console.log(`${asked.size}, batch ${clips}, ${asked.mode}, ${threads} threads, ${steps} steps each in turns`); // prettier-ignore
for (const [i, variant] of systems.entries()) {
  const [own, first] = [arithmetic.get(variant), arithmetic.get(systems[0] ?? '')];
  if (own === undefined || first === undefined) continue;
  const work = own.products + own.convolutions;
  const ratios = (times[i] ?? []).map((ms, step) => ms / (times[0]?.[step] ?? NaN));
  console.log(
    `${variant.padEnd(12)} ${(own.weights / 1e6).toFixed(1)} M weights; ${own.products.toPrecision(4)} GFLOP a clip in products, ${own.convolutions.toPrecision(4)} in convolutions: ` +
      `${(work / (first.products + first.convolutions)).toFixed(2)} of ${systems[0] ?? ''}'s; median ${quantile(times[i] ?? [], 0.5).toFixed(0)} ms: ` +
      `${quantile(ratios, 0.5).toFixed(2)} of its time (${quantile(ratios, 0.1).toFixed(2)} to ${quantile(ratios, 0.9).toFixed(2)})`,
  );
}
