import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Reader } from 'protobufjs/minimal.js';
import { encodeSavedModel, type GraphNode } from '../../../engine/graph/graph-def.js';

type Field = number | Uint8Array;

/** The fields of a message by their numbers, without its schema. */
function fieldsOf(bytes: Uint8Array): Map<number, Field[]> {
  const reader = Reader.create(bytes);
  const fields = new Map<number, Field[]>();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const wire = tag & 7;
    const value =
      wire === 0 ? Number(reader.int64()) : wire === 5 ? reader.float() : reader.bytes();
    fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), value]);
  }
  return fields;
}

const message = (fields: Map<number, Field[]>, number: number) =>
  (fields.get(number) ?? []).map((field) => fieldsOf(field as Uint8Array));
const texts = (fields: Map<number, Field[]>, number: number) =>
  (fields.get(number) ?? []).map((field) => Buffer.from(field as Uint8Array).toString());

function nodesOf(file: Uint8Array) {
  const [graphs = new Map<number, Field[]>()] = message(fieldsOf(file), 2);
  const [graph = new Map<number, Field[]>()] = message(graphs, 2);
  return message(graph, 1);
}

/** An attribute of a node by its key. */
function attribute(node: Map<number, Field[]>, key: string) {
  const entry = message(node, 5).find((one) => texts(one, 1)[0] === key);
  return message(entry!, 2)[0]!;
}

describe('a graph as a saved model', () => {
  it('has one graph, tagged to be served', () => {
    const file = fieldsOf(encodeSavedModel([]));
    assert.deepEqual(file.get(1), [1]);
    const [metaGraph] = message(file, 2);
    assert.deepEqual(texts(message(metaGraph!, 1)[0]!, 4), ['serve']);
  });

  it('keeps names, operations and inputs of nodes', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9]{1,12}$/);
    const anyNode = fc.record({ name, op: name, inputs: fc.array(name), attributes: fc.constant({}) }, { noNullPrototype: true });
    fc.assert(
      fc.property(fc.array(anyNode, { maxLength: 20 }), (nodes) => {
        const read = nodesOf(encodeSavedModel(nodes)).map((node) => ({
          name: texts(node, 1)[0],
          op: texts(node, 2)[0],
          inputs: texts(node, 3),
          attributes: {},
        }));
        assert.deepEqual(read, nodes);
      }),
      { numRuns: 50 },
    );
  }); // prettier-ignore

  it('writes every kind of attribute into its own field', () => {
    const tensor = {
      dtype: 3,
      shape: [2],
      bytes: new Uint8Array([1, 0, 0, 0, 255, 255, 255, 255]),
    };
    const node: GraphNode = {
      name: 'n',
      op: 'Op',
      inputs: [],
      attributes: {
        ...{ text: { text: 'SAME' }, int: { int: -7 }, ints: { ints: [1, -2, 300] } },
        ...{ float: { float: 0.5 }, floats: { floats: [0.25, -4] }, bool: { bool: true } },
        ...{ bools: { bools: [true, false] }, type: { type: 1 }, shape: { shape: [3, 224] } },
        tensor: { tensor },
      },
    };
    const [read] = nodesOf(encodeSavedModel([node]));
    const of = (key: string) => attribute(read!, key);
    assert.deepEqual(texts(of('text'), 2), ['SAME']);
    assert.deepEqual(of('int').get(3), [-7]);
    assert.deepEqual(message(of('ints'), 1)[0]!.get(3), [1, -2, 300]);
    assert.deepEqual(of('float').get(4), [0.5]);
    assert.deepEqual(message(of('floats'), 1)[0]!.get(4), [0.25, -4]);
    assert.deepEqual(of('bool').get(5), [1]);
    assert.deepEqual(message(of('bools'), 1)[0]!.get(5), [1, 0]);
    assert.deepEqual(of('type').get(6), [1]);
    const sizes = message(message(of('shape'), 7)[0]!, 2).map((dim) => dim.get(1)?.[0]);
    assert.deepEqual(sizes, [3, 224]);
    const held = message(of('tensor'), 8)[0]!;
    assert.deepEqual(held.get(1), [3]);
    assert.deepEqual(new Uint8Array(held.get(4)![0] as Uint8Array), tensor.bytes);
  });
});
