/*
 * NumPy's file format .npy (numpy.lib.format): magic, version, length of a header that is a Python
 * dictionary, padded so that the values begin at a multiple of 64, then the values, little-endian.
 */
const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const ALIGNMENT = 64;

/** Values of an array with their type in NumPy's notation: `|u1` uint8, `<f4` float32. */
export type NpyValues = Uint8Array | Float32Array;

export interface NpyArray {
  /** NumPy's type of the values, e.g. `|u1`, `<f4`. */
  readonly type: string;
  readonly shape: readonly number[];
  /** The values as they lie in the file, in C order; a view of the file's bytes. */
  readonly bytes: Uint8Array;
}

/** The file is not an .npy file that can be read here. */
export class NpyError extends Error {
  override name = 'NpyError';
}

const typeOf = (values: NpyValues) => (values instanceof Float32Array ? '<f4' : '|u1');

/** What stands in front of the values in an .npy file of version 1.0. @param type NumPy's, e.g. `<f4` */
export function npyHeader(type: string, shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `${shape.join()},` : shape.join(', ');
  const fields = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const unpadded = MAGIC.length + 4 + fields.length + 1;
  const size = Math.ceil(unpadded / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.alloc(size, ' ');
  header.set(MAGIC);
  header.writeUInt16LE(0x0001, MAGIC.length); // version 1.0: the bytes 1, 0
  header.writeUInt16LE(size - MAGIC.length - 4, MAGIC.length + 2);
  header.write(fields, MAGIC.length + 4, 'latin1');
  header.write('\n', size - 1, 'latin1');
  return header;
}

/**
 * An array as an .npy file, of version 1.0.
 * @returns header and values, to be written one after the other; the values are a view, no copy
 */
export function encodeNpy(
  values: NpyValues,
  shape: readonly number[],
): readonly [Buffer, Uint8Array] {
  const count = shape.reduce((product, dim) => product * dim, 1);
  if (count !== values.length)
    throw new RangeError(`npy: ${values.length} values have not the shape ${shape.join(' × ')}`);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return [npyHeader(typeOf(values), shape), bytes];
}

/** Bytes of a value, by the letter and number of its NumPy type. */
function itemSize(type: string): number {
  const match = /^[|<>=][biuf?](\d+)$/.exec(type);
  if (match === null) throw new NpyError(`its type ${type} is not a plain number`);
  return Number(match[1]);
}

/**
 * Reads an .npy file of version 1, 2 or 3 that holds plain numbers in C order.
 * @throws NpyError
 */
export function decodeNpy(file: Uint8Array): NpyArray {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 12 || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw new NpyError('it does not begin as an .npy file does');
  const version = bytes[MAGIC.length] ?? 0;
  if (version < 1 || version > 3) throw new NpyError(`it has version ${version} of the format`);
  const lengthBytes = version === 1 ? 2 : 4;
  const start = MAGIC.length + 2 + lengthBytes;
  const end = start + bytes.readUIntLE(MAGIC.length + 2, lengthBytes);
  if (end > bytes.length) throw new NpyError('it ends inside its header');
  const header = bytes.toString('utf8', start, end);
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const dims = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (type === undefined || order === undefined || dims === undefined)
    throw new NpyError('its header does not name a plain type, an order and a shape');
  const shape = dims.split(',').flatMap((dim) => (dim.trim() === '' ? [] : [Number(dim)]));
  if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0))
    throw new NpyError(`its shape is (${dims})`);
  if (order === 'True' && shape.length > 1)
    throw new NpyError('it is in Fortran order; save it through numpy.ascontiguousarray');
  const size = shape.reduce((product, dim) => product * dim, itemSize(type));
  if (bytes.length - end !== size)
    throw new NpyError(`it has ${bytes.length - end} bytes of values, its shape needs ${size}`);
  return { type, shape, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset + end, size) };
}
