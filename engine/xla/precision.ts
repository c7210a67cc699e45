/**
 * How matrices are multiplied. `float32`: every bit counts; `tf32`: operands of 10 bits of mantissa where the
 * device has that, and as float32 elsewhere; `bfloat16`: operands and result of 7 bits. All else is float32.
 */
export type Precision = 'float32' | 'tf32' | 'bfloat16';

/** XLA's own words for the precision of a product's two operands. */
export const precisionConfig = (precision: Precision): string => {
  const one = `#stablehlo<precision ${precision === 'float32' ? 'HIGHEST' : 'DEFAULT'}>`;
  return `precision_config = [${one}, ${one}]`;
};
