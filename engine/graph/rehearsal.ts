import { DATA_TYPE } from './graph-def.js';
import type { Binding, Held, OpAttribute } from './native.js';

/** What is known of a result, and the zeros that stand for it. */
type Standing = Omit<Held, 'id'> & { readonly zeros: number };

/** Types of tensors whose values no form depends on: those of whole numbers may be sizes and places. */
const FORM_ONLY: ReadonlySet<number> = new Set([DATA_TYPE.float32, DATA_TYPE.bool]);

/** What is known of a tensor when it is known by its form; undefined where it is not. */
export function signatureOf({
  dtype,
  shape,
}: {
  readonly dtype: number;
  readonly shape: readonly number[];
}): string | undefined {
  return FORM_ONLY.has(dtype) ? `${dtype} [${shape.join()}]` : undefined;
}

/** Larger than TensorFlow's own numbers of tensors ever are. */
const FIRST = 2 ** 40;

/**
 * Runs operations for the forms of their results alone: tensors of one form are all one tensor of zeros
 * in TensorFlow, and an operation that is asked again for the same forms is not run again. What a
 * computation would hold at once therefore takes no memory, and its second layer no time.
 */
export class Rehearsal {
  /** By numbers of our own, what stands for them in TensorFlow. */
  readonly #standing = new Map<number, number>();
  readonly #zeros = new Map<string, number>();
  readonly #known = new Map<string, readonly Standing[]>();
  #next = FIRST;

  constructor(private readonly real: Binding) {}

  /** How many of its tensors are not deleted. */
  get size(): number {
    return this.#standing.size;
  }

  /** @param call all that the forms of the results depend on */
  run(call: string, op: string, attributes: OpAttribute[], ids: number[], outputs: number): Held[] {
    const known = this.#known.get(call);
    if (known !== undefined) return known.map((one) => this.#stand(one));
    const inputs = ids.map((id) => this.#standing.get(id) ?? id);
    const held = this.real.executeOp(op, attributes, inputs, outputs);
    const signatures = held.map(signatureOf);
    if (signatures.length === 0 || signatures.includes(undefined)) return held;
    const made = held.map((one, i) => {
      const zeros = this.#zerosLike(one, signatures[i] ?? '');
      this.real.deleteTensor(one.id);
      return { shape: one.shape, dtype: one.dtype, zeros };
    });
    this.#known.set(call, made);
    return made.map((one) => this.#stand(one));
  }

  delete(id: number): void {
    if (!this.#standing.delete(id)) this.real.deleteTensor(id);
  }

  end(): void {
    for (const id of this.#zeros.values()) this.real.deleteTensor(id);
    this.#zeros.clear();
    this.#standing.clear();
  }

  /** Zeros, as what is left of an operation on zeros may be no number, or no place in a tensor. */
  #zerosLike({ id, dtype }: Held, signature: string): number {
    const known = this.#zeros.get(signature);
    if (known !== undefined) return known;
    const type = { name: 'T', type: this.real.TF_ATTR_TYPE, value: dtype };
    const [zeros] = this.real.executeOp('ZerosLike', [type], [id], 1) as [Held];
    this.#zeros.set(signature, zeros.id);
    return zeros.id;
  }

  #stand({ zeros, dtype, shape }: Standing): Held {
    const id = this.#next++;
    this.#standing.set(id, zeros);
    return { id, dtype, shape: [...shape] };
  }
}
