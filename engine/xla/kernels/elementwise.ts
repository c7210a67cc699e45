import {
  binary,
  compare,
  convert,
  filled,
  select,
  unary,
  withNumber,
  type Comparison,
} from '../emit.js';
import type { ElementType } from '../types.js';
import type { ProgramBuilder, Value } from '../program.js';
import type { Kernel, KernelCall, Kernels } from './kernel.js';

const ELEMENT: Readonly<Record<string, ElementType>> = { float32: 'f32', int32: 'i32', bool: 'i1' };

/** Element type of a tensor of TensorFlow.js. @throws RangeError for text and complex numbers */
export function elementOf(dtype: string): ElementType {
  const element = ELEMENT[dtype];
  if (element === undefined) throw new RangeError(`tensors of type ${dtype} have no place in a program`);
  return element;
} // prettier-ignore

const unaries = (names: Readonly<Record<string, string>>): Kernels =>
  Object.fromEntries(
    Object.entries(names).map(([name, op]): [string, Kernel] => [
      name,
      ({ builder, input }) => unary(builder, op, input('x')),
    ]),
  );

const binaries = (names: Readonly<Record<string, string>>): Kernels =>
  Object.fromEntries(
    Object.entries(names).map(([name, op]): [string, Kernel] => [
      name,
      ({ builder, input }) => binary(builder, op, input('a'), input('b')),
    ]),
  );

const comparisons = (names: Readonly<Record<string, Comparison>>): Kernels =>
  Object.fromEntries(
    Object.entries(names).map(([name, direction]): [string, Kernel] => [
      name,
      ({ builder, input }) => compare(builder, direction, input('a'), input('b')),
    ]),
  );

/** Horner's scheme, the highest power first. */
function polynomial(builder: ProgramBuilder, x: Value, coefficients: readonly number[]): Value {
  const [highest = 0, ...rest] = coefficients;
  return rest.reduce(
    (sum, coefficient) => withNumber(builder, 'add', binary(builder, 'multiply', sum, x), coefficient),
    filled(builder, highest, 'f32', x.type.shape),
  );
} // prettier-ignore

/** Where erf rounds to ±1 in float32. */
const ERF_LIMIT = 3.832506856900711;

/** x · P(x²) / Q(x²), XLA's approximation of erf in float32; StableHLO itself has no erf. */
const NUMERATOR = [0.00022905065861350646, 0.0034082910107109506, 0.050955695062380861, 0.18520832239976145, 1.128379143519084]; // prettier-ignore
const DENOMINATOR = [-1.1791602954361697e-7, 0.000023547966471313185, 0.0010179625278914885, 0.014070470171167667, 0.11098505178285362, 0.49746925110067538, 1]; // prettier-ignore

function erf({ builder, input }: KernelCall): Value {
  const below = withNumber(builder, 'minimum', input('x'), ERF_LIMIT);
  const x = withNumber(builder, 'maximum', below, -ERF_LIMIT);
  const squared = binary(builder, 'multiply', x, x);
  const above = binary(builder, 'multiply', x, polynomial(builder, squared, NUMERATOR));
  return binary(builder, 'divide', above, polynomial(builder, squared, DENOMINATOR));
}

function square({ builder, input }: KernelCall): Value {
  return binary(builder, 'multiply', input('x'), input('x'));
}

function squaredDifference({ builder, input }: KernelCall): Value {
  const difference = binary(builder, 'subtract', input('a'), input('b'));
  return binary(builder, 'multiply', difference, difference);
}

function sumOfAll({ builder, inputs }: KernelCall): Value {
  return inputs.reduce((sum, one) => binary(builder, 'add', sum, one));
}

function clip({ builder, input, attrs }: KernelCall): Value {
  const { clipValueMin, clipValueMax } = attrs as Record<'clipValueMin' | 'clipValueMax', number>;
  const below = withNumber(builder, 'minimum', input('x'), clipValueMax);
  return withNumber(builder, 'maximum', below, clipValueMin);
}

/** 1 above 0, else `alpha`: the gradient of relu. */
function step({ builder, input, attrs }: KernelCall): Value {
  const { element } = input('x').type;
  const above = compare(builder, 'GT', input('x'), filled(builder, 0, element));
  const alpha = typeof attrs['alpha'] === 'number' ? attrs['alpha'] : 0;
  return select(builder, above, filled(builder, 1, element), filled(builder, alpha, element));
}

/** Of whole numbers StableHLO's division rounds towards zero, and TensorFlow.js' towards −∞. */
function floorDiv({ builder, input }: KernelCall): Value {
  const { element } = input('a').type;
  const [a, b] = [convert(builder, input('a'), 'f32'), convert(builder, input('b'), 'f32')];
  return convert(builder, unary(builder, 'floor', binary(builder, 'divide', a, b)), element);
}

/** What is computed element by element. */
export const ELEMENTWISE: Kernels = {
  ...unaries({
    ...{ Abs: 'abs', Neg: 'negate', Sign: 'sign', Floor: 'floor', Ceil: 'ceil' },
    ...{ Exp: 'exponential', Log: 'log', Log1p: 'log_plus_one', Sqrt: 'sqrt', Rsqrt: 'rsqrt' },
    ...{ Sigmoid: 'logistic', Tanh: 'tanh', Round: 'round_nearest_even', LogicalNot: 'not' },
  }),
  ...binaries({
    ...{ Add: 'add', Sub: 'subtract', Multiply: 'multiply', RealDiv: 'divide', Pow: 'power' },
    ...{ Maximum: 'maximum', Minimum: 'minimum', LogicalAnd: 'and', LogicalOr: 'or' },
  }),
  ...comparisons({
    ...{ Equal: 'EQ', NotEqual: 'NE', Less: 'LT', LessEqual: 'LE' },
    ...{ Greater: 'GT', GreaterEqual: 'GE' },
  }),
  AddN: sumOfAll,
  Cast: ({ builder, input, attrs }) => convert(builder, input('x'), elementOf(attrs['dtype'] as string)),
  ClipByValue: clip,
  Erf: erf,
  FloorDiv: floorDiv,
  IsFinite: ({ builder, input }) => builder.apply('is_finite', [input('x')], { ...input('x').type, element: 'i1' }),
  Relu: ({ builder, input }) => withNumber(builder, 'maximum', input('x'), 0),
  Select: ({ builder, input }) => select(builder, input('condition'), input('t'), input('e')),
  Square: square,
  SquaredDifference: squaredDifference,
  Step: step,
}; // prettier-ignore
