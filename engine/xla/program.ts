import { denseText, type ConstantValues } from './constants.js';
import { sameType, tensorType, typeText, type TensorType } from './types.js';

/** A tensor of a program; its number is its name. */
export interface Value {
  readonly id: number;
  readonly type: TensorType;
}

/** Operation that a reduction or a scatter combines two elements with. */
export type Combiner = 'add' | 'maximum' | 'minimum' | 'multiply' | 'and' | 'or';

interface Declared {
  readonly name: string;
  readonly value: Value;
}

interface Instruction {
  readonly result: Value;
  /** Without the dialect's prefix. */
  readonly op: string;
  readonly operands: readonly Value[];
  /** Text between `<{` and `}>`. */
  readonly attributes: string;
  readonly combiner: Combiner | undefined;
}

/** What an operation takes besides operands and result type. */
export interface Details {
  readonly attributes?: string;
  readonly combiner?: Combiner;
}

/** A program's argument. */
export interface Argument {
  readonly name: string;
  readonly type: TensorType;
  /** Index of the result that takes over its memory; undefined: the caller keeps the buffer. */
  readonly aliases: number | undefined;
}

/** A program for XLA, as StableHLO text, with its signature. */
export interface Program {
  readonly text: string;
  readonly arguments: readonly Argument[];
  readonly results: readonly { readonly name: string; readonly type: TensorType }[];
  /** Operations in it. */
  readonly operations: number;
}

/** A named result. */
export interface Result {
  readonly name: string;
  readonly value: Value;
  /** Name of the argument whose memory it takes over: the argument is donated. */
  readonly replaces?: string | undefined;
}

/** `%c = op %a, %b` on scalars, as the body of a reduction or a scatter. */
function body(combiner: Combiner, type: TensorType): string {
  const scalar = typeText(tensorType(type.element));
  return ` ({
    ^bb0(%a: ${scalar}, %b: ${scalar}):
      %c = "stablehlo.${combiner}"(%a, %b) : (${scalar}, ${scalar}) -> ${scalar}
      "stablehlo.return"(%c) : (${scalar}) -> ()
    })`;
}

/**
 * Collects the operations of one program. Operations are written in MLIR's generic form, which is the
 * same for all of them and the part of the text form that changes least between versions.
 */
export class ProgramBuilder {
  readonly #arguments: Declared[] = [];
  readonly #instructions: Instruction[] = [];
  readonly #constants = new Map<string, Value>();
  #next = 0;

  /** Declares an argument. */
  argument(name: string, type: TensorType): Value {
    const value = { id: this.#next++, type };
    this.#arguments.push({ name, value });
    return value;
  }

  /** Equal constants are one. */
  constant(values: ConstantValues, type: TensorType): Value {
    const dense = denseText(values, type);
    const known = this.#constants.get(dense);
    if (known !== undefined) return known;
    const value = this.apply('constant', [], type, { attributes: `value = ${dense}` });
    this.#constants.set(dense, value);
    return value;
  }

  /** Adds an operation with one result. */
  apply(op: string, operands: readonly Value[], type: TensorType, details: Details = {}): Value {
    const result = { id: this.#next++, type };
    const { attributes = '', combiner } = details;
    this.#instructions.push({ result, op, operands, attributes, combiner });
    return result;
  }

  /**
   * The program of all operations and arguments that the results need.
   * @throws RangeError where a result replaces an argument that is unknown, of another type, or replaced twice
   */
  finish(results: readonly Result[]): Program {
    const needed = new Set(results.map(({ value }) => value.id));
    const kept = this.#instructions.toReversed().filter(({ result, operands }) => {
      if (!needed.has(result.id)) return false;
      for (const { id } of operands) needed.add(id);
      return true;
    });
    const lines = kept.reverse().map(lineOf);
    const used = this.#arguments.filter(({ value }) => needed.has(value.id));
    const args = this.#signature(used, results);
    const parameters = used.map(({ value }, i) => {
      const aliases = args[i]?.aliases;
      const alias = aliases === undefined ? '' : ` {tf.aliasing_output = ${aliases} : i32}`;
      return `%${value.id}: ${typeText(value.type)}${alias}`;
    });
    const types = results.map(({ value }) => typeText(value.type)).join(', ');
    const returned = results.map(({ value }) => `%${value.id}`).join(', ');
    const text = `module @avme attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(${parameters.join(', ')}) -> (${types}) {
${lines.join('\n')}
    return ${returned} : ${types}
  }
}
`;
    return {
      text,
      arguments: args,
      results: results.map(({ name, value }) => ({ name, type: value.type })),
      operations: lines.length,
    };
  }

  #signature(used: readonly Declared[], results: readonly Result[]): Argument[] {
    const taken = new Map<string, number>();
    for (const [i, { name, value, replaces }] of results.entries()) {
      if (replaces === undefined) continue;
      const argument = used.find((one) => one.name === replaces);
      if (argument === undefined || taken.has(replaces) || !sameType(argument.value.type, value.type))
        throw new RangeError(`the result ${name} (${typeText(value.type)}) cannot take over the argument ${replaces}`); // prettier-ignore
      taken.set(replaces, i);
    }
    return used.map(({ name, value }) => ({ name, type: value.type, aliases: taken.get(name) })); // prettier-ignore
  }
}

function lineOf({ result, op, operands, attributes, combiner }: Instruction): string {
  const names = operands.map(({ id }) => `%${id}`).join(', ');
  const types = operands.map(({ type }) => typeText(type)).join(', ');
  const properties = attributes === '' ? '' : ` <{${attributes}}>`;
  const region = combiner === undefined ? '' : body(combiner, result.type);
  return `    %${result.id} = "stablehlo.${op}"(${names})${properties}${region} : (${types}) -> ${typeText(result.type)}`;
}
