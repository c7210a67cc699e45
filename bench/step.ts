/**
 * A training step in several ways that take turns, each in a process of its own, from the same weights on the same
 * clips: this project's, and PyTorch's of the original VideoMAE where there is a Python that has torch (variant v).
 *   node dist/bench/step.js --size b --batch 2 --steps 10
 *     --size       s, b (224², 90 % masked, 4 decoder blocks), small (the demo's) or tiny (default s)
 *     --variant    v (default), av, av-no-cross
 *     --modes      of eager, captured, bfloat16 (captured, with its products), xla (captured, compiled by XLA), wasm, webgpu, torch, torch-sdpa, torch-bfloat16 (default captured,bfloat16,eager,torch,torch-sdpa)
 *     --batch 2 --steps 10 --threads (default: all) --python (default: AVME_PYTHON, or python3)
 */
import type { OperationTime } from './step/profile.js';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { ownContender, torchContender, type Contender, type TorchName } from './step/contenders.js';
import { batchOf, configOf, stepFlop } from '../test/support/step-model.js';
import { MODES, type Measured, type Mode } from './step/process.js';

const { values: asked } = parseArgs({
  options: {
    size: { type: 'string', default: 's' },
    variant: { type: 'string', default: 'v' },
    modes: { type: 'string', default: 'captured,bfloat16,eager,torch,torch-sdpa' },
    batch: { type: 'string', default: '2' },
    steps: { type: 'string', default: '10' },
    threads: { type: 'string', default: String(availableParallelism()) },
    python: { type: 'string', default: process.env['AVME_PYTHON'] ?? 'python3' },
  },
});
const [clips, steps, threads] = [asked.batch, asked.steps, asked.threads].map(Number) as [number, number, number]; // prettier-ignore
const config = configOf(asked.size, asked.variant);

const sorted = (numbers: number[]) => numbers.toSorted((a, b) => a - b);
const quantile = (numbers: number[], fraction: number) => sorted(numbers)[Math.round(fraction * (numbers.length - 1))] ?? NaN; // prettier-ignore
const median = (numbers: number[]) => quantile(numbers, 0.5);
const ms = (numbers: number[]) =>
  `${median(numbers).toFixed(0)} ms (${quantile(numbers, 0.1).toFixed(0)} to ${quantile(numbers, 0.9).toFixed(0)})`;

/** First losses agree, or else the ways do not compute the same; later ones may drift by rounding. Of bfloat16 eight bits are left. */
function compareLosses(all: Map<string, Measured[]>): void {
  const [[reference, wanted] = ['', []]] = all;
  for (const [name, measured] of all) {
    const apart = measured.map(({ loss }, i) => Math.abs(loss / (wanted[i]?.loss ?? NaN) - 1));
    if (!((apart[0] ?? NaN) < (name.endsWith('bfloat16') ? 1e-2 : 1e-4)))
      throw new Error(`${name} has another first loss than ${reference}: ${measured[0]?.loss} and ${wanted[0]?.loss}`); // prettier-ignore
    if (name !== reference)
      console.log(`losses of ${name} and ${reference}: apart by ${apart[0]?.toExponential(1)} in the first step, at most ${Math.max(...apart).toExponential(1)} in ${apart.length}`); // prettier-ignore
  }
}

function printShares(name: string, shares: readonly OperationTime[]): void {
  const whole = shares.reduce((sum, fraction) => sum + fraction.ms, 0);
  console.log(`\nwhere a step goes, ${name}:`);
  for (const { name: op, calls, ms: took } of shares.slice(0, 16))
    console.log(`  ${op.padEnd(28)} ${took.toFixed(1).padStart(8)} ms  ${((100 * took) / whole).toFixed(1).padStart(5)} %  ${calls === 0 ? '' : `${calls.toFixed(0)} calls`}`); // prettier-ignore
}

const contenders: Contender[] = [];
for (const name of asked.modes.split(',')) {
  const common = { size: asked.size, variant: asked.variant, clips, threads };
  try {
    const contender = await (name in MODES
      ? ownContender(name as Mode, common)
      : torchContender(name as TorchName, asked.python, common));
    console.log(`${name}: ${contender.about}`);
    contenders.push(contender);
  } catch (error) {
    console.log(`${name}: left out, ${(error as Error).message}`);
  }
}

const all = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]));
const rates: number[] = [];
// The first step of each is for warming up, and compared by its loss only.
for (let step = 0; step <= steps; step++)
  for (const contender of contenders) {
    // Of the first in the list, which the others are compared with.
    const rate = contender === contenders[0] ? await contender.rate() : undefined;
    if (rate !== undefined) rates.push(rate);
    all.get(contender.name)?.push(await contender.step(step));
  }

const visible = batchOf(config, 1, 0).visible.length;
const flop = stepFlop(config, clips, visible);
console.log(
  `\n${asked.variant} ${asked.size}, ${config.frames}×${config.imageSize}², ${visible} tokens visible, batch ${clips}, ${threads} threads, ${steps} steps each in turns`,
);
if (asked.variant === 'v')
  console.log(`products in a step: ${(flop / 1e9).toPrecision(3)} GFLOP, ${(flop / 1e9 / clips).toPrecision(3)} a clip`); // prettier-ignore
if (rates.length > 0)
  console.log(`product of 1024² in a loop, by ${contenders[0]?.name ?? ''}, between the steps: ${median(rates).toFixed(0)} GFLOP/s (${quantile(rates, 0.1).toFixed(0)} to ${quantile(rates, 0.9).toFixed(0)})`); // prettier-ignore
for (const [name, [first, ...measured]] of all) {
  const times = measured.map((one) => one.ms);
  const rate = flop / 1e6 / median(times);
  console.log(
    `${name.padEnd(10)} median ${ms(times)}, ${((1000 * clips) / median(times)).toFixed(2)} clips/s; processors ${median(measured.map(({ cpuMs }) => cpuMs)).toFixed(0)} ms; ` +
      `first ${first?.ms.toFixed(0)} ms; RSS ${((measured.at(-1)?.rss ?? 0) / 1e6).toFixed(0)} MB` +
      (asked.variant === 'v'
        ? `; products at ${rate.toFixed(0)} GFLOP/s${rates.length > 0 ? `, ${(rate / median(rates)).toFixed(2)} of the loop's` : ''}`
        : ''),
  );
}
// Step by step: what slows the machine down for a while slows both.
const [base, ...others] = [...all];
for (const [name, measured] of others) {
  const ratios = measured.slice(1).map((one, i) => one.ms / (base?.[1][i + 1]?.ms ?? NaN));
  console.log(`${name} / ${base?.[0] ?? ''}: ${median(ratios).toFixed(2)} (${quantile(ratios, 0.1).toFixed(2)} to ${quantile(ratios, 0.9).toFixed(2)})`); // prettier-ignore
}
compareLosses(all);
for (const contender of contenders) printShares(contender.name, await contender.profile(2));
for (const contender of contenders) contender.close();
