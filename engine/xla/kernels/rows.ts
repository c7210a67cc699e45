import { filled, i64s } from '../emit.js';
import type { Value } from '../program.js';
import { tensorType } from '../types.js';
import type { KernelCall, Kernels } from './kernel.js';

const list = (values: readonly number[]) => `[${values.join(', ')}]`;

/** Picks slices along an axis; indices are within bounds, XLA moves those that are not. */
function gather({ builder, input, attrs }: KernelCall): Value {
  const [x, indices] = [input('x'), input('indices')];
  if ((attrs['batchDims'] ?? 0) !== 0) throw new RangeError('gather by batches has no place in a program'); // prettier-ignore
  const axis = (attrs['axis'] ?? 0) as number;
  const rank = x.type.shape.length;
  const chosen = indices.type.shape;
  const shape = [...x.type.shape.slice(0, axis), ...chosen, ...x.type.shape.slice(axis + 1)];
  const offsets = shape.map((_, i) => i).filter((i) => i < axis || i >= axis + chosen.length);
  const attributes = `dimension_numbers = #stablehlo.gather<offset_dims = ${list(offsets)}, collapsed_slice_dims = [${axis}], start_index_map = [${axis}], index_vector_dim = ${chosen.length}>, slice_sizes = ${i64s(x.type.shape.with(axis, 1))}, indices_are_sorted = false`;
  if (axis >= rank) throw new RangeError(`gather along axis ${axis} of ${rank}`);
  return builder.apply('gather', [x, indices], tensorType(x.type.element, shape), { attributes });
}

/** Adds slices up at their places in zeros. Indices are `[…, depth]`. */
function scatter({ builder, input, attrs }: KernelCall): Value {
  const [indices, updates] = [input('indices'), input('updates')];
  const shape = attrs['shape'] as number[];
  const depth = indices.type.shape.at(-1) ?? 1;
  const places = indices.type.shape.length - 1;
  const window = updates.type.shape.map((_, i) => i).slice(places);
  const inserted = Array.from({ length: depth }, (_, i) => i);
  const attributes = `scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = ${list(window)}, inserted_window_dims = ${list(inserted)}, scatter_dims_to_operand_dims = ${list(inserted)}, index_vector_dim = ${places}>, indices_are_sorted = false, unique_indices = false`;
  const zeros = filled(builder, 0, updates.type.element, shape);
  return builder.apply('scatter', [zeros, indices, updates], tensorType(updates.type.element, shape), { attributes, combiner: 'add' }); // prettier-ignore
}

/** What picks rows, and puts them to their places. */
export const ROWS: Kernels = { GatherV2: gather, ScatterNd: scatter };
