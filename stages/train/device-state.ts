import type { Device, DeviceProgram, DeviceTensor, HostValues } from '../../engine/xla/device.js';
import type { StoredValues } from '../../model/weights/load-weights.js';
import { AVERAGED } from '../../model/weights/averages.js';
import { FIRST, SECOND, type NamedValues } from './optimizer.js';

const sizeOf = (shape: readonly number[]) => shape.reduce((size, dim) => size * dim, 1);

/**
 * What the state begins with: a run that begins has no moments yet, and its averages are its weights.
 * @throws Error naming the weight that is missing or has another size
 */
function startOf(initial: StoredValues, name: string, shape: readonly number[]): Float32Array {
  const averaged = name.startsWith(AVERAGED) ? name.slice(AVERAGED.length) : name;
  const found = (initial.get(name) ?? initial.get(averaged))?.data;
  const size = sizeOf(shape);
  if (found === undefined && (name.startsWith(FIRST) || name.startsWith(SECOND)))
    return new Float32Array(size);
  if (found?.length !== size)
    throw new Error(`the checkpoint does not fit the model: ${name} has ${found?.length ?? 'no'} values, expected ${size} (${shape.join('×')})`);
  return found;
} // prettier-ignore

/** Named tensors that stay on a device while programs take them and give them back. */
export class DeviceState<T extends DeviceTensor> {
  readonly #tensors = new Map<string, T>();

  constructor(
    private readonly device: Device<T>,
    shapes: ReadonlyMap<string, readonly number[]>,
    initial: StoredValues,
  ) {
    try {
      for (const [name, shape] of shapes) this.put(name, startOf(initial, name, shape), shape);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  put(name: string, values: Float32Array, shape: readonly number[]): void {
    this.#tensors.get(name)?.dispose();
    this.#tensors.set(name, this.device.upload(values, { element: 'f32', shape }));
  }

  /**
   * Runs a program on the state and on what is given besides.
   * @param renamed names of the state under which arguments of other names are found
   * @returns results that are no part of the state, the caller's to free
   */
  run(
    executable: DeviceProgram<T>,
    given: Readonly<Record<string, HostValues>>,
    renamed: (name: string) => string = (name) => name,
  ): Map<string, T> {
    const { program } = executable;
    const uploaded: T[] = [];
    const argumentOf = (name: string, type: (typeof program.arguments)[number]['type']) => {
      const held = this.#tensors.get(renamed(name));
      if (held !== undefined) return held;
      const values = given[name];
      if (values === undefined) throw new Error(`the program's argument ${name} is not given`);
      const tensor = this.device.upload(values, type);
      uploaded.push(tensor);
      return tensor;
    };
    try {
      const results = executable.run(program.arguments.map(({ name, type }) => argumentOf(name, type))); // prettier-ignore
      const rest = new Map<string, T>();
      program.results.forEach(({ name }, i) => {
        const made = results[i] as T;
        if (this.#tensors.has(name)) this.#tensors.set(name, made);
        else rest.set(name, made);
      });
      return rest;
    } finally {
      for (const tensor of uploaded) tensor.dispose();
    }
  }

  /** Copies tensors to the host. @param names default all */
  async read(names: Iterable<string> = this.#tensors.keys()): Promise<NamedValues> {
    const values: NamedValues = new Map();
    for (const name of names) {
      const tensor = this.#tensors.get(name);
      if (tensor !== undefined)
        values.set(name, { shape: tensor.type.shape, data: new Float32Array(await tensor.read()) });
    }
    return values;
  }

  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }
}
