/**
 * The kernels that avme puts in the place of wasm's stock ones, against these, in one run and in turn.
 * Run: npm run build && node dist/bench/wasm-kernels.js
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { useBackend } from '../engine/backend.js';

const ROUNDS = 11;
const KERNELS = ['BatchMatMul', 'GatherV2', 'Sum'] as const;
const stock = new Map(KERNELS.map((name) => [name, tf.getKernel(name, 'wasm')]));
await useBackend('wasm');
const ours = new Map(KERNELS.map((name) => [name, tf.getKernel(name, 'wasm')]));

interface Case {
  readonly kernel: (typeof KERNELS)[number];
  readonly what: string;
  readonly run: () => tf.Tensor;
}

const rows = tf.randomNormal([1024, 192]);
const weight = tf.randomNormal([192, 192]);
const heads = tf.randomNormal([48, 128, 32]);
const shares = tf.randomNormal([48, 128, 128]);
const tokens = tf.randomNormal([1568, 1536]);
const visible = tf.range(0, 1568, 10, 'int32');

const CASES: readonly Case[] = [
  {
    kernel: 'BatchMatMul',
    what: 'x·wᵀ, 1024×192×192',
    run: () => tf.matMul(rows, weight, false, true),
  },
  { kernel: 'BatchMatMul', what: 'xᵀ·dy, 192×1024×192', run: () => tf.matMul(rows, rows, true) },
  {
    kernel: 'BatchMatMul',
    what: 'q·kᵀ, 48 heads of 128×32',
    run: () => tf.matMul(heads, heads, false, true),
  },
  {
    kernel: 'BatchMatMul',
    what: 'shares·v, 48 heads of 128×32',
    run: () => tf.matMul(shares, heads),
  },
  { kernel: 'GatherV2', what: '157 of 1568 rows of 1536', run: () => tf.gather(tokens, visible) },
  { kernel: 'Sum', what: 'over 1568 rows of 1536', run: () => tf.sum(tokens, 0) },
];

function use(config: tf.KernelConfig | undefined): void {
  if (config === undefined) throw new Error('a kernel is missing');
  tf.unregisterKernel(config.kernelName, 'wasm');
  // The stock kernel is wired to the module already; setting it up again would be harmless but slow.
  tf.registerKernel({
    kernelName: config.kernelName,
    backendName: 'wasm',
    kernelFunc: config.kernelFunc,
  });
}

/** Milliseconds of one run, with a small result as the sink, so that reading it back does not count. */
function time(run: () => tf.Tensor): number {
  const start = performance.now();
  tf.tidy(() => {
    run();
  });
  return performance.now() - start;
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

for (const { kernel, what, run } of CASES) {
  const times = { stock: [] as number[], ours: [] as number[] };
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, kernels] of [
      ['stock', stock],
      ['ours', ours],
    ] as const) {
      use(kernels.get(kernel));
      times[name].push(time(run));
    }
  const [before, after] = [median(times.stock), median(times.ours)];
  const spread = times.stock
    .map((value, i) => value / (times.ours[i] ?? NaN))
    .toSorted((a, b) => a - b);
  console.log(
    `${kernel.padEnd(12)} ${what.padEnd(30)} stock ${before.toFixed(2)} ms  ours ${after.toFixed(2)} ms  ` +
      `${(before / after).toFixed(1)}× (${spread[0]?.toFixed(1) ?? ''} to ${spread.at(-1)?.toFixed(1) ?? ''})`,
  );
}
