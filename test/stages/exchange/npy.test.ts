import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeNpy, encodeNpy, NpyError } from '../../../stages/exchange/npy.js';

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 });
const sizeOf = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);

describe('.npy files', () => {
  it('come back as they were, values at a multiple of 64', () => {
    fc.assert(
      fc.property(shapes, fc.boolean(), fc.nat(), (shape, floats, seed) => {
        const size = sizeOf(shape);
        const values = floats
          ? Float32Array.from({ length: size }, (_, i) => Math.fround((seed + i) / 7))
          : Uint8Array.from({ length: size }, (_, i) => seed + i);
        const [header, bytes] = encodeNpy(values, shape);
        assert.equal(header.length % 64, 0);
        const read = decodeNpy(Buffer.concat([header, bytes]));
        assert.deepEqual(read.shape, shape);
        assert.equal(read.type, floats ? '<f4' : '|u1');
        assert.deepEqual(Buffer.from(read.bytes), Buffer.from(bytes));
      }),
    );
  });

  it('have the header that numpy.save writes', () => {
    const [header] = encodeNpy(new Uint8Array(16 * 4 * 4 * 3), [16, 4, 4, 3]);
    const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (16, 4, 4, 3), }`;
    assert.equal(header.toString('latin1', 10).trimEnd(), text);
    assert.equal(header.at(-1), 0x0a);
    assert.equal(header.toString('hex', 0, 10), '934e554d505901007600');
    const [one] = encodeNpy(new Uint8Array(3), [3]);
    assert.match(one.toString('latin1'), /'shape': \(3,\), }/);
  });

  it('are refused when the values have not the shape', () => {
    assert.throws(() => encodeNpy(new Uint8Array(5), [2, 3]), /5 values have not the shape 2 × 3/);
  });

  const file = (fields: string, values = 6, version = 1) => {
    const lengthBytes = version === 1 ? 2 : 4;
    const bytes = Buffer.alloc(8 + lengthBytes + fields.length + values);
    bytes.write('\x93NUMPY', 0, 'latin1');
    bytes[6] = version;
    bytes.writeUIntLE(fields.length, 8, lengthBytes);
    bytes.write(fields, 8 + lengthBytes, 'latin1');
    return bytes;
  };
  const plain = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }";

  it('of versions 2 and 3 are read', () => {
    for (const version of [2, 3])
      assert.deepEqual(decodeNpy(file(plain, 6, version)).shape, [2, 3]);
    assert.deepEqual(decodeNpy(file("{'shape': (), 'fortran_order': True, 'descr': '<i8'}", 8)).shape, []); // prettier-ignore
  });

  const refusals: [string, Buffer, RegExp][] = [
    ['another file', Buffer.from('{"frames": [1, 2, 3]}'), /does not begin as an \.npy/],
    ['an empty one', Buffer.alloc(0), /does not begin/],
    ['a later version', file(plain, 6, 4), /version 4/],
    ['a cut header', file(plain).subarray(0, 30), /ends inside its header/],
    ['cut values', file(plain, 5), /5 bytes of values, its shape needs 6/],
    ['more values', file(plain, 7), /7 bytes of values/],
    ['Fortran order', file(plain.replace('False', 'True')), /numpy\.ascontiguousarray/],
    ['objects', file(plain.replace('|u1', '|O')), /type \|O is not a plain number/],
    ['records', file(plain.replace("'|u1'", "[('a', '<i4')]")), /does not name a plain type/],
    ['a negative dimension', file(plain.replace('(2, 3)', '(-2, -3)')), /shape is \(-2, -3\)/],
  ];
  for (const [what, bytes, message] of refusals)
    it(`refuses ${what}`, () => {
      assert.throws(
        () => decodeNpy(bytes),
        (error: Error) => error instanceof NpyError && message.test(error.message),
      );
    });
});
