import koffi from 'koffi';
import { Writer } from 'protobufjs/minimal.js';
import { encodeStruct, sizeOfStruct, type Memory } from './structs.js';

/** Options of a client, by a plugin's own names, as `memory_fraction` of NVIDIA's. */
export type ClientOptions = Readonly<Record<string, string | number | boolean>>;

const KIND = { string: 0, int64: 1, float: 3, bool: 4 } as const;

/** The eight bytes of the union that holds a value. */
function unionOf(value: string | number | boolean, keep: (memory: Buffer) => bigint) {
  const bytes = Buffer.alloc(8);
  if (typeof value === 'string') return { kind: KIND.string, union: keep(Buffer.from(value)), size: Buffer.byteLength(value) }; // prettier-ignore
  if (typeof value === 'boolean') bytes.writeUInt8(value ? 1 : 0);
  else if (Number.isInteger(value)) bytes.writeBigInt64LE(BigInt(value));
  else bytes.writeFloatLE(value);
  const kind = typeof value === 'boolean' ? KIND.bool : Number.isInteger(value) ? KIND.int64 : KIND.float; // prettier-ignore
  return { kind, union: bytes.readBigInt64LE(), size: 1 };
}

/** Options as the API takes them: an array of structs. `held` is all memory that must outlive the call. */
export function encodeOptions(options: ClientOptions): { memory: Memory; count: number; held: Memory[] } {
  const held: Memory[] = [];
  const keep = (memory: Buffer): bigint => {
    held.push(memory);
    return koffi.address(memory);
  };
  const size = sizeOfStruct('NamedValue');
  const structs = Object.entries(options).map(([name, value]) => {
    const { kind, union, size: length } = unionOf(value, keep);
    const text = Buffer.from(name);
    // An array has no room behind its elements: each is cut to what is known of it.
    const struct = encodeStruct('NamedValue', { name: keep(text), name_size: text.length, type: kind, value: union, value_size: length }).subarray(0, size);
    struct.writeBigUInt64LE(BigInt(size));
    return struct;
  });
  return { memory: Buffer.concat(structs), count: structs.length, held };
} // prettier-ignore

const tag = (field: number, wire: number) => (field << 3) | wire;

/** CompileOptionsProto (xla/pjrt/proto/compile_options.proto): one program on one device, all else by default. */
export function compileOptions(): Buffer {
  const writer = Writer.create();
  writer.uint32(tag(3, 2)).fork();
  writer.uint32(tag(1, 0)).int64(-1); // device_ordinal: whichever
  writer.uint32(tag(4, 0)).int64(1); // num_replicas
  writer.uint32(tag(5, 0)).int64(1); // num_partitions
  return Buffer.from(writer.ldelim().finish());
}
