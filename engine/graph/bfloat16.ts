import { DATA_TYPE, type GraphNode } from './graph-def.js';

/** What products are computed in: as they are written, or in half the bits, where processors have that. */
export type ProductType = 'float32' | 'bfloat16';

const BFLOAT16 = 14;

const PRODUCTS: ReadonlySet<string> = new Set(['MatMul', 'BatchMatMul', 'BatchMatMulV2']);

/** Copies of a graph's products alone, as mixed precision has it: all else stays float32, weights and moments too. */
export function withBfloat16Products(nodes: readonly GraphNode[]): GraphNode[] {
  const type = (number: number) => ({ type: number });
  const [wide, narrow] = [type(DATA_TYPE.float32), type(BFLOAT16)];
  const truncate = { bool: false };
  const narrowed = new Set<string>();
  return nodes.flatMap((node): GraphNode[] => {
    const { T } = node.attributes;
    if (!PRODUCTS.has(node.op) || !T || !('type' in T) || T.type !== DATA_TYPE.float32) return [node]; // prettier-ignore
    // What several products take is cast once.
    const casts = node.inputs.filter((input) => !narrowed.has(input) && narrowed.add(input));
    const product = `${node.name}/bfloat16`;
    return [
      ...casts.map((input): GraphNode => ({ name: castOf(input), op: 'Cast', inputs: [input], attributes: { SrcT: wide, DstT: narrow, Truncate: truncate } })),
      { ...node, name: product, inputs: node.inputs.map((input) => `${castOf(input)}:0`), attributes: { ...node.attributes, T: narrow } },
      { name: node.name, op: 'Cast', inputs: [`${product}:0`], attributes: { SrcT: narrow, DstT: wide, Truncate: truncate } },
    ];
  }); // prettier-ignore
}

const castOf = (source: string) => `${source.replace(':', '/')}/bfloat16`;
