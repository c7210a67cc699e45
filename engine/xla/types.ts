/** Element types by StableHLO's names. */
export type ElementType = 'f32' | 'bf16' | 'i32' | 'ui8' | 'ui32' | 'ui64' | 'i1';

/** Bytes of one element on the host. */
export const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  f32: 4,
  bf16: 2,
  i32: 4,
  ui8: 1,
  ui32: 4,
  ui64: 8,
  i1: 1,
};

/** Type of a tensor: static shape and element type. */
export interface TensorType {
  readonly element: ElementType;
  readonly shape: readonly number[];
}

export const tensorType = (element: ElementType, shape: readonly number[] = []): TensorType => ({
  element,
  shape,
});

/** As MLIR writes it: `tensor<2x3xf32>`. */
export const typeText = ({ element, shape }: TensorType): string =>
  `tensor<${[...shape, element].join('x')}>`;

/** Number of elements. */
export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((size, dim) => size * dim, 1);

export const sameType = (a: TensorType, b: TensorType): boolean => typeText(a) === typeText(b);
