import { Writer } from 'protobufjs/minimal.js';

/** TensorFlow's numbers of types. */
export const DATA_TYPE = { float32: 1, int32: 3, bool: 10 } as const;

/** The type of handles of variables. */
export const RESOURCE = 20;

/** A tensor's values inside a graph, as bytes in little-endian order. */
export interface ConstantValue {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** The value of a node's attribute. */
export type AttributeValue =
  | { readonly text: string }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly bool: boolean }
  | { readonly bools: readonly boolean[] }
  | { readonly type: number }
  | { readonly shape: readonly number[] }
  | { readonly tensor: ConstantValue };

/** One operation of a graph. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** `node:output` each; behind those, `^node` of what must have run before. */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

const LENGTH_DELIMITED = 2;
const tag = (field: number, wire = LENGTH_DELIMITED) => (field << 3) | wire;

/** A message inside a message. */
function nested(writer: Writer, field: number, content: (inner: Writer) => void): Writer {
  writer.uint32(tag(field)).fork();
  content(writer);
  return writer.ldelim();
}

/** tensor_shape.proto */
function writeShape(writer: Writer, shape: readonly number[]): void {
  for (const size of shape) nested(writer, 2, (dim) => dim.uint32(tag(1, 0)).int64(size));
}

/** tensor.proto */
function writeTensor(writer: Writer, { dtype, shape, bytes }: ConstantValue): void {
  writer.uint32(tag(1, 0)).int32(dtype);
  nested(writer, 2, (inner) => {
    writeShape(inner, shape);
  });
  writer.uint32(tag(4)).bytes(bytes);
}

/** attr_value.proto */
function writeAttribute(writer: Writer, value: AttributeValue): void {
  if ('text' in value) writer.uint32(tag(2)).string(value.text);
  else if ('int' in value) writer.uint32(tag(3, 0)).int64(value.int);
  else if ('float' in value) writer.uint32(tag(4, 5)).float(value.float);
  else if ('bool' in value) writer.uint32(tag(5, 0)).bool(value.bool);
  else if ('type' in value) writer.uint32(tag(6, 0)).int32(value.type);
  else if ('shape' in value)
    nested(writer, 7, (inner) => {
      writeShape(inner, value.shape);
    });
  else if ('tensor' in value)
    nested(writer, 8, (inner) => {
      writeTensor(inner, value.tensor);
    });
  else
    nested(writer, 1, (list) => {
      if ('ints' in value) for (const int of value.ints) list.uint32(tag(3, 0)).int64(int);
      else if ('floats' in value) for (const float of value.floats) list.uint32(tag(4, 5)).float(float);
      else for (const bool of value.bools) list.uint32(tag(5, 0)).bool(bool);
    }); // prettier-ignore
}

/** node_def.proto */
function writeNode(writer: Writer, { name, op, inputs, attributes }: GraphNode): void {
  writer.uint32(tag(1)).string(name).uint32(tag(2)).string(op);
  for (const input of inputs) writer.uint32(tag(3)).string(input);
  for (const [key, value] of Object.entries(attributes))
    nested(writer, 5, (entry) => {
      entry.uint32(tag(1)).string(key);
      nested(entry, 2, (inner) => {
        writeAttribute(inner, value);
      });
    });
}

/** Version of the graph format that is written: that of TensorFlow 2.9, which later ones read. */
const PRODUCER = 1087;

/** The name that the one graph of a saved model goes by. */
export const SAVED_MODEL_TAG = 'serve';

/** graph.proto inside saved_model.proto: the smallest file that TensorFlow makes a session of. */
export function encodeSavedModel(nodes: readonly GraphNode[]): Uint8Array {
  const writer = Writer.create().uint32(tag(1, 0)).int64(1);
  nested(writer, 2, (metaGraph) => {
    nested(metaGraph, 1, (info) => info.uint32(tag(4)).string(SAVED_MODEL_TAG));
    nested(metaGraph, 2, (graph) => {
      for (const node of nodes)
        nested(graph, 1, (inner) => {
          writeNode(inner, node);
        });
      nested(graph, 4, (versions) => versions.uint32(tag(1, 0)).int32(PRODUCER));
    });
  });
  return writer.finish();
}
