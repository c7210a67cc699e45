import { ELEMENT_BYTES, sizeOf, typeText, type ElementType, type TensorType } from './types.js';

/** Values of a constant, one entry per element. */
export type ConstantValues =
  Float32Array | Int32Array | Uint8Array | Uint32Array | readonly number[];

const INTEGER: ReadonlySet<ElementType> = new Set(['i32', 'ui8', 'ui32', 'ui64']);

/** A literal of one element. Floats go by their bits: decimal digits could round, and infinities have none. */
function scalarText(value: number, element: ElementType): string {
  if (element === 'i1') return value === 0 ? 'false' : 'true';
  if (INTEGER.has(element)) return String(value);
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
  return element === 'bf16'
    ? `0x${(bits >>> 16).toString(16).padStart(4, '0')}`
    : `0x${bits.toString(16).padStart(8, '0')}`;
}

/** Little-endian bytes of all elements, in hexadecimal digits. */
function hexText(values: ConstantValues, element: ElementType): string {
  const typed = element === 'f32' ? Float32Array.from(values) : element === 'i32' ? Int32Array.from(values) : Uint32Array.from(values); // prettier-ignore
  return Buffer.from(typed.buffer).toString('hex').toUpperCase();
}

/**
 * The `dense<…>` attribute of a constant. Equal values are written once.
 * @throws RangeError where values and type differ in size
 */
export function denseText(values: ConstantValues, type: TensorType): string {
  const { element, shape } = type;
  const size = sizeOf(shape);
  if (values.length !== size)
    throw new RangeError(`a constant of ${typeText(type)} takes ${size} values, not ${values.length}`); // prettier-ignore
  const [first = 0] = values;
  if (size === 0) return `dense<> : ${typeText(type)}`;
  if (values.every((value) => Object.is(value, first)))
    return `dense<${scalarText(first, element)}> : ${typeText(type)}`;
  if (ELEMENT_BYTES[element] === 4) return `dense<"0x${hexText(values, element)}"> : ${typeText(type)}`; // prettier-ignore
  const flat = Array.from(values, (value) => scalarText(value, element)).join(', ');
  // MLIR nests the brackets of literals by shape; one dimension is all that these constants have.
  if (shape.length !== 1) throw new RangeError(`a constant of ${typeText(type)} has one dimension at most`); // prettier-ignore
  return `dense<[${flat}]> : ${typeText(type)}`;
}
