import { DATA_TYPE, RESOURCE, type AttributeValue, type GraphNode } from './graph-def.js';
import { CaptureError, type Binding, type OpAttribute, type RawValues } from './native.js';
import { signatureOf, Rehearsal } from './rehearsal.js';

/**
 * Types that kernels leave to eager execution to find out, by the place of the input that has them. A
 * graph must name them.
 */
const INFERRED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ExpandDims: { T: 0, Tdim: 1 },
};

/** From this many equal values on, a constant is filled in by the graph instead of stored in it. */
const WORTH_FILLING = 64;

/** Constants of up to so many values are kept once each. */
const FEW = 8;

const bytesOf = ({ buffer, byteOffset, byteLength }: Exclude<RawValues, Uint8Array[]>) =>
  new Uint8Array(buffer, byteOffset, byteLength).slice();

/** An attribute in the form that a graph has it in. @throws CaptureError for a kind that graphs here do not know */
function attributeValue(binding: Binding, op: string, { name, type, value }: OpAttribute): AttributeValue {
  const list = Array.isArray(value);
  switch (type) {
    case binding.TF_ATTR_STRING:
      return { text: value as string };
    case binding.TF_ATTR_INT:
      return list ? { ints: value as number[] } : { int: value as number };
    case binding.TF_ATTR_FLOAT:
      return list ? { floats: value as number[] } : { float: value as number };
    case binding.TF_ATTR_BOOL:
      return list ? { bools: value as boolean[] } : { bool: value as boolean };
    case binding.TF_ATTR_TYPE:
      return { type: value as number };
    case binding.TF_ATTR_SHAPE:
      return { shape: value as number[] };
    default:
      throw new CaptureError(`${op}: the attribute ${name} is of a kind (${type}) that cannot be written`);
  }
} // prettier-ignore

interface Source {
  readonly name: string;
  readonly dtype: number;
  /** All that forms computed from it can depend on: its own form, or where it comes from. */
  readonly form: string;
}

/**
 * Writes down what is computed: its binding keeps each operation as a node of a graph, and runs it for
 * the form of its results. TensorFlow.js' native kernels call operations by TensorFlow's own names and with
 * its own attributes, so nothing is translated.
 */
export class Recorder {
  /** Stands in for the real binding while recording. */
  readonly binding: Binding;
  readonly #nodes: GraphNode[] = [];
  /** Where the tensor of a number comes from: `node:output`, and its type. */
  readonly #sources = new Map<number, Source>();

  /** Names of constants by what they hold: shapes, factors and zeros come up again and again. */
  readonly #constants = new Map<string, string>();

  /** What used a variable last, by its handle's source. */
  readonly #lastUse = new Map<string, string>();

  readonly #rehearsal: Rehearsal;

  constructor(private readonly real: Binding) {
    this.#rehearsal = new Rehearsal(real);
    // The library's own object is sealed; what is not replaced here is reached through it.
    const binding = Object.create(real) as Binding;
    Object.defineProperties(binding, {
      executeOp: { value: this.#executeOp.bind(this) },
      createTensor: { value: this.#createTensor.bind(this) },
      deleteTensor: { value: this.#rehearsal.delete.bind(this.#rehearsal) },
    });
    this.binding = binding;
  }

  /** Declares a tensor as given from outside. @returns the name to feed it by */
  placeholder(id: number, dtype: number, shape: readonly number[]): string {
    const attributes = { dtype: { type: dtype }, shape: { shape } };
    const name = this.#add('Placeholder', [], attributes);
    this.#sources.set(id, { name, dtype, form: signatureOf({ dtype, shape }) ?? name });
    return name;
  }

  /** Declares a tensor as a result. @returns the name to fetch it by */
  result(id: number): string {
    // By way of a node of its own: what is fed cannot be fetched.
    const { name, dtype } = this.#sourceOf(id, 'a result');
    return this.#add('Identity', [name], { T: { type: dtype } });
  }

  /** @throws CaptureError when tensors of the recording are not deleted: they hold no values */
  assertNoneKept(): void {
    const { size } = this.#rehearsal;
    if (size > 0) throw new CaptureError(`${size} tensors are kept that were made while the computation was recorded; return them as results`);
  } // prettier-ignore

  end(): void {
    this.#rehearsal.end();
  }

  /** The nodes that the results need, inputs before what uses them. */
  nodes(results: readonly string[]): GraphNode[] {
    const needed = new Set(results.map(nodeOf));
    const kept = this.#nodes.toReversed().filter(({ name, op, inputs }) => {
      if (!needed.has(name) && op !== 'Placeholder') return false;
      for (const input of inputs) needed.add(nodeOf(input));
      return true;
    });
    return kept.reverse();
  }

  #add(op: string, inputs: string[], attributes: GraphNode['attributes']): string {
    const name = `${op}_${this.#nodes.length}`;
    this.#nodes.push({ name, op, inputs, attributes });
    return `${name}:0`;
  }

  #sourceOf(id: number, where: string): Source {
    const source = this.#sources.get(id);
    if (source === undefined)
      throw new CaptureError(`${where} uses a tensor that was made before and is not declared as an input`);
    return source;
  } // prettier-ignore

  #executeOp(op: string, given: OpAttribute[], ids: number[], outputs: number) {
    const inputs = ids.map((id) => this.#sourceOf(id, op));
    const inferred = Object.entries(INFERRED[op] ?? {}).map(([name, place]) => [name, { type: inputs[place]?.dtype ?? 0 }] as const); // prettier-ignore
    const named = given.map((one) => [one.name, attributeValue(this.real, op, one)] as const);
    const attributes = Object.fromEntries([...inferred, ...named]);
    const call = JSON.stringify([op, attributes, inputs.map(({ form }) => form)]);
    const held = this.#rehearsal.run(call, op, given, ids, outputs);
    const variables = inputs.filter(({ dtype }) => dtype === RESOURCE).map(({ name }) => name);
    // Of operations on one variable a graph does not know the order.
    const before = new Set(variables.flatMap((name) => this.#lastUse.get(name) ?? []));
    const sources = [...inputs.map(({ name }) => name), ...[...before].map((name) => `^${name}`)];
    const node = nodeOf(this.#add(op, sources, attributes));
    for (const name of variables) this.#lastUse.set(name, node);
    held.forEach(({ id, dtype, shape }, i) => {
      const name = `${node}:${i}`;
      this.#sources.set(id, { name, dtype, form: signatureOf({ dtype, shape }) ?? name });
    });
    return held;
  }

  #createTensor(shape: number[], dtype: number, values: RawValues): number {
    if (Array.isArray(values)) throw new CaptureError('text cannot be a constant of a graph');
    const id = this.real.createTensor(shape, dtype, values);
    const uniform = values.length >= WORTH_FILLING && values.every((value) => value === values[0]);
    const name = uniform
        ? this.#fill(shape, dtype, values.subarray(0, values.length / shape.reduce((a, b) => a * b, 1)))
        : this.#constant(shape, dtype, values);
    // Sizes are constants, be they whole numbers or not.
    this.#sources.set(id, { name, dtype, form: name });
    return id;
  } // prettier-ignore

  #constant(shape: readonly number[], dtype: number, values: Exclude<RawValues, Uint8Array[]>) {
    const tensor = { dtype, shape, bytes: bytesOf(values) };
    const add = () => this.#add('Const', [], { dtype: { type: dtype }, value: { tensor } });
    return values.length > FEW ? add() : this.#once(`${dtype}/${shape.join()}/${tensor.bytes.join()}`, add);
  } // prettier-ignore

  #fill(shape: readonly number[], dtype: number, one: Exclude<RawValues, Uint8Array[]>) {
    const size = this.#constant([shape.length], DATA_TYPE.int32, Int32Array.from(shape));
    const value = this.#constant([], dtype, one);
    const attributes = { T: { type: dtype }, index_type: { type: DATA_TYPE.int32 } };
    return this.#once(`${size}/${value}`, () => this.#add('Fill', [size, value], attributes));
  }

  /** The name of a constant that is known by what it holds. */
  #once(key: string, add: () => string): string {
    const name = this.#constants.get(key) ?? add();
    this.#constants.set(key, name);
    return name;
  }
}

const nodeOf = (source: string) =>
  source.startsWith('^') ? source.slice(1) : source.slice(0, source.lastIndexOf(':'));
