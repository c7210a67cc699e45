/**
 * What XLA does on a real device, in a few minutes: golden vectors, whole pre-training steps of VideoMAE and
 * AV-MaskEnhancer, memory, and PyTorch's step beside them. Not run by `npm test`.
 *
 *   node dist/bench/device.js [--plugin FILE] [--steps s:v:8,s:v:32,b:v:32,s:av:8] [--precision bfloat16|tf32|float32]
 *        [--seconds 8] [--torch python3] [--out gpu.json]
 *
 * One JSON object a line while it runs, all of them in FILE at the end. Exit code 1 where golden vectors do not hold.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { batchOf, configOf } from '../test/support/step-model.js';
import { randomFor } from '../cache/order/random.js';
import { useBackend } from '../engine/backend.js';
import { openXla, type XlaDevice } from '../engine/backends/xla/xla.js';
import { pretrainSpecs } from '../model/systems.js';
import { initialWeights } from '../model/weights/init.js';
import { DeviceState } from '../stages/train/device-state.js';
import { createDeviceTrainer } from '../stages/train/device-trainer.js';
import { reconstructionObjective } from '../stages/train/objective.js';
import { planTraining, trainingOptions } from '../stages/train/training-options.js';
import { goldenSteps } from '../test/engine/xla/golden-steps.js';
import { readGolden, relativeError } from '../test/support/golden.js';

const { values: flags } = parseArgs({
  options: {
    plugin: { type: 'string' },
    steps: { type: 'string', default: 's:v:8,s:v:32,b:v:32,s:av:8' },
    precision: { type: 'string', default: 'bfloat16' },
    seconds: { type: 'string', default: '8' },
    torch: { type: 'string' },
    out: { type: 'string' },
  },
});
const precision = z.enum(['float32', 'tf32', 'bfloat16']).parse(flags.precision);

/** What float32 is held to on a GPU, where sums are taken in another order. */
const TOLERANCE = 1e-4;

const lines: object[] = [];
function tell(line: object): void {
  lines.push(line);
  console.log(JSON.stringify(line));
}

const rounded = (value: number, digits = 2) => Number(value.toFixed(digits));

/** Five golden steps of VideoMAE, in float32. @returns the largest relative error */
async function goldenError(device: XlaDevice): Promise<number> {
  const golden = await readGolden('videomae-pretrain-tiny');
  const { program, steps } = goldenSteps(golden);
  const executable = await device.compile(program);
  const state = new Map<string, Float32Array>();
  const shapes = new Map<string, readonly number[]>();
  for (const { name, type, aliases } of program.arguments)
    if (aliases !== undefined) {
      shapes.set(name, type.shape);
      state.set(name, steps[0]?.[name] as Float32Array);
    }
  const held = new DeviceState(device, shapes, new Map([...state].map(([name, data]) => [name, { data }]))); // prettier-ignore
  const errors: number[] = [];
  let given = {};
  for (const [i, step] of steps.entries()) {
    given = { ...given, ...step };
    const loss = held.run(executable, given).get('loss');
    const values = new Float32Array((await loss?.read()) ?? new ArrayBuffer(4));
    loss?.dispose();
    errors.push(relativeError(values, [golden.array('expect.adamw_losses').data[i] ?? NaN]));
  }
  for (const [name, { data }] of await held.read(golden.names('expect.after_5_steps')))
    errors.push(relativeError(data, golden.array(`expect.after_5_steps.${name}`).data));
  held.dispose();
  executable.dispose();
  return Math.max(...errors);
}

/** A trainer of one size, with two batches to take turns. */
function prepare(device: XlaDevice, text: string) {
  const [size = 's', variant = 'v', clips = '8'] = text.split(':');
  const config = configOf(size, variant);
  const options = trainingOptions.parse({ steps: 1000, lr: 1e-5, warmupEpochs: 0 });
  const specs = pretrainSpecs(config);
  const values = initialWeights(specs, (name) => randomFor(1, 0, name, 'init'));
  const trainer = createDeviceTrainer({
    ...{ device, options, precision, step: 0 },
    objective: reconstructionObjective(config),
    plan: planTraining(options, 1000),
    initial: new Map(specs.map(({ name }) => [name, { data: values.get(name) ?? new Float32Array() }])), // prettier-ignore
  });
  const batches = [0, 1].map((i) => batchOf(config, Number(clips), i));
  return { size, variant, clips: Number(clips), trainer, batches };
}

type Prepared = ReturnType<typeof prepare>;
const trainOn = ({ trainer, batches }: Prepared, i: number) => trainer.train(batches[i % 2] ?? (batches[0] as (typeof batches)[number])); // prettier-ignore

/** Whole steps, pixels from the host and the loss back to it included. */
async function timed(prepared: Prepared, seconds: number) {
  const losses: number[] = [];
  for (let i = 0; i < 3; i++) losses.push((await trainOn(prepared, i)).loss);
  let steps = 0;
  const start = performance.now();
  while (steps < 5 || performance.now() - start < seconds * 1000)
    losses.push((await trainOn(prepared, steps++)).loss);
  const ms = (performance.now() - start) / steps;
  return { steps, msPerStep: rounded(ms), clipsPerSecond: rounded((prepared.clips * 1000) / ms), firstLosses: losses.slice(0, 3) }; // prettier-ignore
}

/** The most memory so far; undefined where the plugin does not tell. */
function peakOf(device: XlaDevice): number | undefined {
  try {
    return device.memory().peak;
  } catch {
    return undefined;
  }
}

/** The same model's step in PyTorch, on the same device. */
async function torchBeside(python: string, text: string): Promise<void> {
  const [size = 's', , clips = '8'] = text.split(':');
  const config = configOf(size, 'v');
  const { visible, masked } = batchOf(config, Number(clips), 0);
  const folder = await mkdtemp(join(tmpdir(), 'avme-gpu-'));
  try {
    const job = { config, clips: Number(clips), visible: [...visible], masked: [...masked], seconds: Number(flags.seconds) }; // prettier-ignore
    await writeFile(join(folder, 'job.json'), JSON.stringify(job));
    const script = fileURLToPath(new URL('../../bench/peers/device-step.py', import.meta.url));
    const { stdout } = await promisify(execFile)(python, [script, join(folder, 'job.json')]);
    for (const line of stdout.trim().split('\n')) tell({ what: 'torch', size, ...(JSON.parse(line) as object) }); // prettier-ignore
  } catch (error) {
    tell({ what: 'torch', size, clips: Number(clips), error: (error as Error).message.slice(0, 300) }); // prettier-ignore
  } finally {
    await rm(folder, { recursive: true });
  }
}

await useBackend('wasm');
const device = flags.plugin === undefined ? await openXla() : await openXla(flags.plugin);
tell({ what: 'device', device: device.devices[0], platform: device.platform, node: process.version, precision, date: new Date().toISOString() }); // prettier-ignore
const error = await goldenError(device);
tell({ what: 'golden', largestError: error, tolerance: TOLERANCE, holds: error < TOLERANCE });

const wanted = flags.steps.split(',').map((text) => prepare(device, text));
const start = performance.now();
// Compiling takes the longest by far: all at once.
await Promise.all(wanted.map((prepared) => trainOn(prepared, 0)));
tell({ what: 'compiled', programs: wanted.length, seconds: rounded((performance.now() - start) / 1000, 1) }); // prettier-ignore
for (const prepared of wanted) {
  const { size, variant, clips, trainer } = prepared;
  const found = await timed(prepared, Number(flags.seconds));
  const peak = peakOf(device);
  tell({ what: 'xla', size, variant, clips, precision, ...found, ...(peak === undefined ? {} : { peakMiBSoFar: Math.round(peak / 2 ** 20) }) }); // prettier-ignore
  trainer.dispose();
}
tf.disposeVariables();
device.dispose();
if (flags.torch !== undefined)
  for (const text of flags.steps.split(',').filter((one) => one.includes(':v:')))
    await torchBeside(flags.torch, text);
if (flags.out !== undefined) await writeFile(flags.out, `${JSON.stringify(lines, null, 2)}\n`);
process.exitCode = error < TOLERANCE ? 0 : 1;
