import type { AttributeValue, GraphNode } from './graph-def.js';

/** TensorFlow hands the nodes that share this attribute to XLA as one program. */
const PROGRAM = { _xla_compile_id: { text: 'avme' } };

/** XLA has no variables that are made in a program, as AdamW's are. */
const canCompile = (nodes: readonly GraphNode[]) => !nodes.some(({ op }) => op === 'VarHandleOp');

/**
 * A graph whose whole computation is one program, which XLA compiles when it first runs; as it was where XLA
 * cannot have it.
 * @param results the nodes that are fetched, `name:0` each
 */
export function withXla(nodes: readonly GraphNode[], results: readonly string[]): readonly GraphNode[] {
  if (!canCompile(nodes)) return nodes;
  return nodes.flatMap((node): GraphNode[] => {
    const { name, op, attributes } = node;
    if (op === 'Placeholder') return [node];
    const inside = { ...node, attributes: { ...attributes, ...PROGRAM } };
    if (!results.includes(`${name}:0`)) return [inside];
    // What leaves the program is marked, and a mark that nobody uses is an error.
    const T = attributes['T'] as AttributeValue;
    return [
      { ...inside, name: `${name}/compiled` },
      { name: `${name}/out`, op: 'XlaClusterOutput', inputs: [`${name}/compiled:0`], attributes: { T } },
      { name, op: 'Identity', inputs: [`${name}/out:0`], attributes: { T } },
    ];
  });
} // prettier-ignore
