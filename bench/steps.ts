/**
 * A training step eager, captured as a graph, and on wasm, each in a process of its own, one after the
 * other in turns:
 *   node dist/bench/steps.js [small|s|b] [av|v] [batch] [steps] [eager,captured,wasm]
 * The product of two square matrices stands beside them as the rate that the backend reaches at best.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../cache/index.js';
import { initialWeights, modelConfig, PRESETS, pretrainSpecs, useBackend, type BackendName, type ModelConfig } from '../model/index.js'; // prettier-ignore
import { createTrainer, drawTubeMask, planTraining, reconstructionObjective, tokenOrder, trainingOptions, type ClipBatch } from '../stages/index.js'; // prettier-ignore

const MODES = { eager: 'tensorflow', captured: 'tensorflow', wasm: 'wasm' } as const;
type Mode = keyof typeof MODES;

interface Measured {
  readonly ms: number;
  /** Of all threads; says more than the clock on a machine that has other work. */
  readonly cpuMs: number;
  readonly loss: number;
  readonly rss: number;
  readonly tensors: number;
}

/** The model of the demo's size, or one of the paper's; 90 % masked, 4 decoder blocks. */
function configOf(size: string, variant: string): ModelConfig {
  if (size === 's' || size === 'b') return modelConfig.parse({ ...PRESETS[size], variant, decoderDepth: 4 }); // prettier-ignore
  return modelConfig.parse({
    ...{ variant, imageSize: 48, patch: 8, frames: 16, width: 96, depth: 4, heads: 4 },
    ...{ decoderWidth: 64, decoderDepth: 2, decoderHeads: 4, fusionHeads: 4, mfccFrames: 128 },
    ...{ audioFilters: [8, 8, 16, 32], audioLayers: [1, 1, 1, 1] },
  });
}

function batchOf(config: ModelConfig, clips: number, number: number): ClipBatch {
  const { imageSize, patch, frames, tubelet, mfccFrames, cepstra } = config;
  const orders = Array.from(
    { length: clips },
    (_, clip) =>
    tokenOrder(drawTubeMask((imageSize / patch) ** 2, 0.9, randomFor(1, number, clip, 'mask')), frames / tubelet), // prettier-ignore
  );
  return {
    position: number * clips,
    keys: orders.map((_, clip) => `${number}/${clip}`),
    video: Uint8Array.from({ length: clips * frames * imageSize ** 2 * 3 }, (_, i) => (i * 7919 + number) % 256), // prettier-ignore
    visible: Int32Array.from(orders.flatMap(({ visible }) => [...visible])),
    masked: Int32Array.from(orders.flatMap(({ masked }) => [...masked])),
    mfcc: Float32Array.from({ length: clips * mfccFrames * cepstra }, (_, i) => Math.sin(i + number)), // prettier-ignore
    audioPresent: new Float32Array(clips).fill(1),
  };
}

/** GFLOP/s of a product of two matrices of 1024 × 1024. */
function matMulRate(): number {
  const [a, b] = [tf.randomUniform([1024, 1024]), tf.randomUniform([1024, 1024])];
  const times = Array.from({ length: 8 }, () => {
    const start = performance.now();
    const product = tf.matMul(a, b);
    product.dataSync();
    product.dispose();
    return performance.now() - start;
  });
  tf.dispose([a, b]);
  return (2 * 1024 ** 3) / Math.min(...times) / 1e6;
}

/** Takes a step whenever it is asked to, and tells how long it took. */
async function serve(mode: Mode, size: string, variant: string, clips: number): Promise<void> {
  const backend: BackendName = MODES[mode];
  await useBackend(backend);
  const rate = matMulRate();
  const config = configOf(size, variant);
  const specs = pretrainSpecs(config);
  const values = initialWeights(specs, (name) => randomFor(0, 0, name, 'init'));
  const options = trainingOptions.parse({ steps: 1000, lr: 1e-3 });
  const trainer = createTrainer({
    objective: reconstructionObjective(config),
    options,
    plan: planTraining(options, 1000),
    initial: new Map([...values].map(([name, data]) => [name, { data }])),
    step: 0,
    capture: mode === 'captured',
  });
  const step = async (number: number) => {
    const batch = batchOf(config, clips, number);
    const [start, used] = [performance.now(), process.cpuUsage()];
    const { loss } = await trainer.train(batch);
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(used);
    process.send?.({
      ms,
      cpuMs: (user + system) / 1000,
      loss,
      rss: process.memoryUsage.rss(),
      tensors: tf.memory().numTensors,
    });
  };
  process.on('message', (number: number) => void step(number));
  process.send?.({ rate, parameters: trainer.parameters });
}

async function ask(child: ChildProcess, number: number): Promise<Measured> {
  const answer = once(child, 'message');
  child.send(number);
  const [measured] = (await answer) as [Measured];
  return measured;
}

async function compare(
  size = 'small',
  variant = 'av',
  batch = '16',
  steps = '20',
  modes = 'eager,captured,wasm',
): Promise<void> {
  const file = fileURLToPath(import.meta.url);
  const children: [Mode, ChildProcess][] = [];
  for (const mode of modes.split(',') as Mode[]) {
    const child = fork(file, ['serve', mode, size, variant, batch], { stdio: ['ignore', 'inherit', 'ignore', 'ipc'] }); // prettier-ignore
    const message = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    const hello = message[0] as { rate: number; parameters: number } | number | null;
    if (typeof hello === 'number' || hello === null) console.log(`${mode}: cannot be used here`);
    else {
      console.log(`${mode}: ${(hello.parameters / 1e6).toFixed(1)} M parameters, product of 1024² at ${hello.rate.toFixed(0)} GFLOP/s`); // prettier-ignore
      children.push([mode, child]);
    }
  }
  const first = new Map<Mode, Measured>();
  for (const [mode, child] of children) first.set(mode, await ask(child, 0));
  const all = new Map<Mode, Measured[]>(children.map(([mode]) => [mode, []]));
  for (let step = 1; step <= Number(steps); step++)
    for (const [mode, child] of children) all.get(mode)?.push(await ask(child, step));
  for (const [mode, measured] of all) {
    const times = measured.map(({ ms }) => ms).sort((a, b) => a - b);
    const at = (share: number) => times[Math.floor(share * (times.length - 1))] ?? NaN;
    const cpu = measured.map(({ cpuMs }) => cpuMs).sort((a, b) => a - b);
    const [begin, end] = [first.get(mode), measured.at(-1)];
    console.log(
      `${mode.padEnd(9)} median ${at(0.5).toFixed(0)} ms (${at(0).toFixed(0)} to ${at(1).toFixed(0)}), ` +
        `${((1000 * Number(batch)) / at(0.5)).toFixed(1)} clips/s; processors ${cpu[cpu.length >> 1]?.toFixed(0)} ms; first step ${begin?.ms.toFixed(0)} ms; ` +
        `RSS ${((begin?.rss ?? 0) / 1e6).toFixed(0)} to ${((end?.rss ?? 0) / 1e6).toFixed(0)} MB; ` +
        `tensors ${begin?.tensors} to ${end?.tensors}; last loss ${end?.loss}`,
    );
  }
  for (const [, child] of children) child.kill();
}

const [first, ...rest] = process.argv.slice(2);
if (first === 'serve') {
  const [mode, size, variant, clips] = rest as [Mode, string, string, string];
  await serve(mode, size, variant, Number(clips));
} else await compare(first, ...rest);
