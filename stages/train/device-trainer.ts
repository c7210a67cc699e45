import type { Device, DeviceProgram, DeviceTensor, HostValues } from '../../engine/xla/device.js';
import type { ElementType } from '../../engine/xla/types.js';
import type { Program } from '../../engine/xla/program.js';
import { cosineWithWarmup } from '../../model/optim/schedule.js';
import { updateNumbers, type UpdatePlan } from './apply-update.js';
import { DeviceState } from './device-state.js';
import { seedNumbers } from './dropout-seeds.js';
import { PART } from './gradients.js';
import type { Measurement } from './measure.js';
import type { LoadedBatch } from './objective.js';
import { AVERAGED } from '../../model/weights/averages.js';
import { LossError, type StepResult, type Trainer, type TrainerOptions } from './train.js';
import { endOfStep, measuring, partOfStep, SEED, stateShapes, sumShapes, wholeStep, type WholeStepRequest } from './whole-step.js'; // prettier-ignore

export interface DeviceTrainerOptions<B, T extends DeviceTensor> extends TrainerOptions<B> {
  readonly device: Device<T>;
}

type Numbers = Map<string, number>;

/** Reads scalars, and frees them. */
async function readScalars<T extends DeviceTensor>(tensors: ReadonlyMap<string, T>): Promise<Numbers> {
  try {
    const read = [...tensors].map(async ([name, tensor]) => {
      const bytes = await tensor.read();
      const values = tensor.type.element === 'f32' ? new Float32Array(bytes) : new Int32Array(bytes);
      return [name, values[0] ?? NaN] as const;
    });
    return new Map(await Promise.all(read));
  } finally {
    for (const tensor of tensors.values()) tensor.dispose();
  }
} // prettier-ignore

/** What the arguments of a batch arrive as, where it is not as its tensors are. */
const arrivals = (values: Readonly<Record<string, HostValues>>): Record<string, ElementType> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, one]) => (one instanceof Uint8Array ? [[name, 'ui8' as const]] : [])), // prettier-ignore
  );

/**
 * The training stage on a device that runs whole steps as programs of XLA: weights, moments and averages stay there.
 * A step on one batch is one program, one on several is one each and another one that takes the step.
 * @throws Error naming the weights that `initial` lacks or that have another size
 */
export function createDeviceTrainer<B extends { readonly keys: readonly string[] }, T extends DeviceTensor>({
  device,
  objective,
  options,
  plan: schedule,
  initial,
  step: taken,
  precision = 'float32',
}: DeviceTrainerOptions<B, T>): Trainer<B> {
  const { specs } = objective;
  const parts = options.accumulate ?? 1;
  const plan: UpdatePlan = {
    shapes: new Map(specs.map(({ name, shape }) => [name, shape])),
    learned: specs.filter(({ trainable }) => trainable).map(({ name }) => name),
    options,
    batches: parts,
    clip: options.clipGrad,
    scaleOf: objective.rateScale ?? (() => 1),
  };
  const shapes = stateShapes(plan);
  const state = new DeviceState(device, shapes, initial);
  if (parts > 1)
    for (const [name, shape] of sumShapes(plan))
      state.put(name, new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  const programs = new Map<string, Promise<DeviceProgram<T>>>();
  let step = taken;
  let pending = { batches: 0, loss: 0, terms: new Map<string, number>() };

  const compiled = (key: string, write: () => Program) => {
    const known = programs.get(key) ?? device.compile(write());
    programs.set(key, known);
    return known;
  };

  /** Runs a program for batches of this form. */
  async function onBatch(
    batch: B,
    purpose: 'learn' | 'measure',
    write: (request: WholeStepRequest) => Program,
    numbers: Readonly<Record<string, HostValues>>,
    renamed?: (name: string) => string,
  ): Promise<Numbers> {
    let loaded: LoadedBatch | undefined;
    const load = () => (loaded ??= objective.load(batch, purpose));
    try {
      const values = objective.values?.(batch) ?? hostValues(load());
      const form = Object.entries(values).map(([name, { length }]) => `${name}:${length}`);
      const executable = await compiled(`${purpose}/${parts}/${form.join()}`, () =>
        write({ batch: load(), plan, precision, arrives: arrivals(values) }),
      );
      return await readScalars(state.run(executable, { ...values, ...numbers }, renamed));
    } finally {
      loaded?.dispose();
    }
  }

  const scalars = (): Record<string, HostValues> => {
    const numbers = updateNumbers(plan, step + 1, cosineWithWarmup(step, schedule));
    return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Float32Array.of(value)])); // prettier-ignore
  };

  async function add(batch: B): Promise<number> {
    const given = { [SEED]: seedNumbers(options.seed, step, pending.batches), ...(parts === 1 ? scalars() : {}) }; // prettier-ignore
    const results = await onBatch(batch, 'learn', parts === 1 ? wholeStep : partOfStep, given);
    const loss = results.get('loss') ?? NaN;
    if (!Number.isFinite(loss)) throw new LossError(step + 1, loss, batch.keys);
    for (const [name, value] of results)
      if (name.startsWith(PART)) pending.terms.set(name.slice(PART.length), (pending.terms.get(name.slice(PART.length)) ?? 0) + value); // prettier-ignore
    pending = { ...pending, batches: pending.batches + 1, loss: pending.loss + loss };
    if (parts > 1 && pending.batches === parts)
      state.run(await compiled('end', () => endOfStep(plan)), scalars());
    return loss;
  }

  function finish(): StepResult {
    const { batches, loss, terms } = pending;
    if (batches !== parts)
      throw new RangeError(`trainer: a step takes ${parts} batches, and there are ${batches}`);
    const lr = cosineWithWarmup(step, schedule);
    step++;
    pending = { batches: 0, loss: 0, terms: new Map() };
    const shared = Object.fromEntries([...terms].map(([name, sum]) => [name, sum / batches]));
    return { step, loss: loss / batches, lr, parts: shared };
  }

  async function measureAll(batches: AsyncIterable<B>): Promise<Measurement> {
    const best = (name: string) => (options.average !== undefined && plan.shapes.has(name) ? AVERAGED + name : name); // prettier-ignore
    const sums = { clips: 0, loss: 0, right: undefined as number | undefined };
    for await (const batch of batches) {
      const results = await onBatch(batch, 'measure', measuring, {}, best);
      sums.clips += batch.keys.length;
      sums.loss += (results.get('loss') ?? NaN) * batch.keys.length;
      const right = results.get('right');
      if (right !== undefined) sums.right = (sums.right ?? 0) + right;
    }
    const { clips, loss, right } = sums;
    return { clips, loss: loss / clips, ...(right === undefined ? {} : { top1: right / clips }) };
  }

  return {
    captured: true,
    whyNot: undefined,
    precision,
    get step() {
      return step;
    },
    parameters: plan.learned.reduce((sum, name) => sum + (plan.shapes.get(name) ?? []).reduce((a, b) => a * b, 1), 0), // prettier-ignore
    add,
    finish,
    async train(batch) {
      await add(batch);
      return finish();
    },
    measure: measureAll,
    state: () => state.read(shapes.keys()),
    dispose() {
      state.dispose();
      for (const program of programs.values()) void program.then((one) => { one.dispose(); }, () => undefined); // prettier-ignore
    },
  };
} // prettier-ignore

/** Tensors of a loaded batch as the host has them. */
function hostValues({ tensors }: LoadedBatch): Record<string, HostValues> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync() as HostValues])); // prettier-ignore
}
