/** One way to take a step, in a process of its own: bench/step.ts asks it for steps one by one. */
import * as tf from '@tensorflow/tfjs-core';
import { randomFor } from '../../cache/order/random.js';
import { initialWeights } from '../../model/weights/init.js';
import { pretrainSpecs } from '../../model/systems.js';
import { useBackend, type BackendName } from '../../engine/backend.js';
import type { ProductType } from '../../engine/graph/bfloat16.js';
import { createTrainer } from '../../stages/train/train.js';
import { planTraining, trainingOptions } from '../../stages/train/training-options.js';
import { reconstructionObjective } from '../../stages/train/objective.js';
import type { CaptureChoice } from '../../stages/train/runner.js';
import { watchBinding, type OperationTime } from './profile.js';
import { batchOf, configOf, matMulRate } from '../../test/support/step-model.js';

/** Ways to take a step: on which backend, as graphs or not, with which products. */
export const MODES = {
  eager: { backend: 'tensorflow', capture: false },
  captured: { backend: 'tensorflow', capture: true },
  xla: { backend: 'tensorflow', capture: 'xla' },
  bfloat16: { backend: 'tensorflow', capture: true, precision: 'bfloat16' },
  wasm: { backend: 'wasm', capture: false },
  webgpu: { backend: 'webgpu', capture: false },
} as const satisfies Record<
  string,
  { backend: BackendName; capture: CaptureChoice; precision?: ProductType }
>;
export type Mode = keyof typeof MODES; // prettier-ignore

/** What a process is asked for: a step on a batch, the rate of products, or what its operations took. */
export type Asked =
  { readonly step: number } | { readonly rate: true } | { readonly profile: number };

/** What a step took. */
export interface Measured {
  readonly ms: number;
  /** Of all threads; says more than the clock on a machine that has other work. */
  readonly cpuMs: number;
  readonly loss: number;
  /** Learning rate. */
  readonly lr: number;
  readonly rss: number;
  readonly tensors: number;
}

/** All the steps that the schedule of a bench has. */
export const STEPS = 1000;
export const OPTIONS = trainingOptions.parse({ steps: STEPS, lr: 1e-3 });

/** The weights that every way begins with. */
export function weightsOf(size: string, variant: string) {
  const specs = pretrainSpecs(configOf(size, variant));
  const values = initialWeights(specs, (name) => randomFor(0, 0, name, 'init'));
  return specs.map(({ name, shape }) => ({ name, shape, data: values.get(name) ?? new Float32Array() }));
} // prettier-ignore

/** Answers until its parent goes. */
async function serve(mode: Mode, size: string, variant: string, clips: number): Promise<void> {
  const { backend, capture, ...rest }: (typeof MODES)[Mode] = MODES[mode];
  await useBackend(backend);
  const config = configOf(size, variant);
  const watch = capture === false ? undefined : watchBinding();
  const trainer = createTrainer({
    objective: reconstructionObjective(config),
    options: OPTIONS,
    plan: planTraining(OPTIONS, STEPS),
    initial: new Map(weightsOf(size, variant).map(({ name, data }) => [name, { data }])),
    step: 0,
    capture,
    ...rest,
  });
  const step = async (number: number): Promise<Measured> => {
    const batch = batchOf(config, clips, number);
    const [start, used] = [performance.now(), process.cpuUsage()];
    const { loss, lr } = await trainer.train(batch);
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(used);
    const rss = process.memoryUsage.rss();
    return { ms, cpuMs: (user + system) / 1000, loss, lr, rss, tensors: tf.memory().numTensors };
  };
  const profile = async (steps: number): Promise<OperationTime[]> => {
    const watched = watch ?? watchBinding();
    watched.forget();
    let ms = 0;
    for (let i = 0; i < steps; i++) ms += (await step(STEPS + i)).ms;
    return watched.shares(steps, ms);
  };
  const answer = async (asked: Asked) =>
    'step' in asked
      ? step(asked.step)
      : 'rate' in asked
        ? matMulRate()
        : backend === 'tensorflow'
          ? profile(asked.profile)
          : [];
  process.on('message', (asked: Asked) => {
    void answer(asked).then((answered) => process.send?.(answered));
  });
  process.send?.({ parameters: trainer.parameters });
}

const [mode, size, variant, clips] = process.argv.slice(2) as [Mode?, string?, string?, string?];
if (process.send !== undefined && mode !== undefined && size !== undefined && variant !== undefined)
  await serve(mode, size, variant, Number(clips));
