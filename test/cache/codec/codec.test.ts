import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checksum } from '../../../cache/codec/checksum.js';
import { CorruptRecordError, decodeRecord, encodeRecord } from '../../../cache/codec/codec.js';
import type { ClipShape, Sample } from '../../../cache/records.js';
import { makeSample, SHAPE } from '../support.js';

const shapes = fc.record<ClipShape>(
  {
    frames: fc.integer({ min: 1, max: 5 }),
    size: fc.integer({ min: 1, max: 9 }),
    storeSize: fc.integer({ min: 1, max: 9 }),
    square: fc.boolean(),
    positions: fc.integer({ min: 1, max: 70 }),
    mfccFrames: fc.integer({ min: 0, max: 9 }),
    cepstra: fc.integer({ min: 1, max: 13 }),
    melBands: fc.integer({ min: 1, max: 40 }),
  },
  { requiredKeys: ['frames', 'size', 'storeSize', 'square', 'positions', 'mfccFrames', 'cepstra'] },
);

const samples = shapes.chain((shape) =>
  fc
    .tuple(
      fc.nat(),
      fc.string({ unit: 'binary' }),
      fc.option(fc.string()),
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
    )
    .map(([number, id, label, times]): [ClipShape, Sample] => {
      const sample = makeSample(number, shape);
      return [shape, { ...sample, header: { ...sample.header, id, label, times } }];
    }),
);

/** JSON has no −0. */
const withoutNegativeZero = (sample: Sample) => ({
  ...sample,
  header: { ...sample.header, times: sample.header.times.map((time) => time + 0) },
});

/** A record with one byte changed and its checksum put right again: only the checks behind it help. */
function forged(record: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(record);
  copy[at] = value;
  copy.writeBigUInt64LE(checksum(copy.subarray(16)), 8);
  return copy;
}

describe('record codec', () => {
  it('gives back what was put in, for any shape', () => {
    fc.assert(
      fc.property(samples, ([shape, sample]) => {
        const record = encodeRecord(sample, shape);
        assert.deepEqual(
          decodeRecord(record, shape, sample.header.key),
          withoutNegativeZero(sample),
        );
        assert.deepEqual(encodeRecord(sample, shape), record);
      }),
    );
  });

  it('gives views of an aligned record, each array at a multiple of 64', () => {
    const record = encodeRecord(makeSample(3), SHAPE);
    const { frames, mask, mfcc } = decodeRecord(record, SHAPE, 'key-3');
    for (const array of [frames, mask, mfcc]) {
      assert.equal(array.buffer, record.buffer);
      assert.equal((array.byteOffset - record.byteOffset) % 64, 0);
    }
  });

  it('reads a record that begins at any address', () => {
    const record = encodeRecord(makeSample(3), SHAPE);
    for (let shift = 0; shift < 8; shift++) {
      const moved = new Uint8Array(record.length + 8).subarray(shift, shift + record.length);
      moved.set(record);
      assert.deepEqual(decodeRecord(moved, SHAPE, 'key-3'), makeSample(3));
    }
  });

  it('detects every changed bit', () => {
    const record = encodeRecord(makeSample(1), SHAPE);
    for (let bit = 0; bit < record.length * 8; bit++) {
      const copy = Buffer.from(record);
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.throws(() => decodeRecord(copy, SHAPE, 'key-1'), CorruptRecordError, `bit ${bit}`);
    }
  });

  it('detects every truncation, and bytes that follow', () => {
    const record = encodeRecord(makeSample(1), SHAPE);
    for (let length = 0; length < record.length; length++)
      assert.throws(
        () => decodeRecord(record.subarray(0, length), SHAPE, 'key-1'),
        CorruptRecordError,
      );
    const longer = Buffer.concat([record, Buffer.alloc(1)]);
    assert.throws(() => decodeRecord(longer, SHAPE, 'key-1'), CorruptRecordError);
  });

  it('trusts no length, even under a right checksum', () => {
    const record = encodeRecord(makeSample(1), SHAPE);
    // Total length, number of arrays, header's length, the table of the arrays.
    for (const at of [4, 5, 6, 7, ...Array.from({ length: 8 + 3 * 40 }, (_, i) => 16 + i)])
      assert.throws(
        () => decodeRecord(forged(record, at, (record[at] ?? 0) ^ 0xff), SHAPE, 'key-1'),
        CorruptRecordError,
        `byte ${at}`,
      );
  });

  it('refuses random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        assert.throws(() => decodeRecord(bytes, SHAPE, 'key-1'), CorruptRecordError);
      }),
    );
  });

  it('says when the record is another sample, or has another shape', () => {
    const record = encodeRecord(makeSample(1), SHAPE);
    assert.throws(() => decodeRecord(record, SHAPE, 'key-2'), /holds sample key-1, not key-2/);
    assert.throws(
      () => decodeRecord(record, { ...SHAPE, positions: 9 }, 'key-1'),
      /its mask has not the cache's shape/,
    );
  });
});
