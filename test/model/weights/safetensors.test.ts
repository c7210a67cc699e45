import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  readSafetensors,
  SafetensorsError,
  writeSafetensors,
  type NamedArray,
} from '../../../model/weights/safetensors.js';

let folder = '';
let path = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'avme-safetensors-'));
  path = join(folder, 'weights.safetensors');
});
after(() => rm(folder, { recursive: true, force: true }));

/** A file with this header, as text or as what becomes JSON, and this data. */
function fileOf(header: unknown, data: Uint8Array, claimed?: bigint): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimed ?? BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

async function readBytes(bytes: Uint8Array) {
  await writeFile(path, bytes);
  return readSafetensors(path);
}

const arrays: fc.Arbitrary<Map<string, NamedArray>> = fc
  .uniqueArray(
    fc.tuple(
      fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('__proto__', 'constructor', '7', 'encoder.norm.weight'),
      ),
      fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }).chain((shape) => {
        const size = shape.reduce((product, n) => product * n, 1);
        return fc
          .float32Array({ minLength: size, maxLength: size })
          .map((data) => ({ shape, data }));
      }),
    ),
    { selector: ([name]) => name, maxLength: 6 },
  )
  .map((entries) => new Map(entries.filter(([name]) => name !== '__metadata__')));

describe('safetensors', () => {
  it('gives back what was written: names, shapes, every bit, metadata', async () => {
    const metadata = fc.dictionary(
      fc.string().filter((name) => name !== '__proto__'),
      fc.string({ unit: 'grapheme' }),
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(arrays, metadata, async (tensors, about) => {
        await writeSafetensors(path, tensors, about);
        const read = await readSafetensors(path);
        assert.deepEqual([...read.tensors.keys()].sort(), [...tensors.keys()].sort());
        assert.deepEqual(read.metadata, about);
        for (const [name, { shape, data }] of tensors) {
          const back = read.tensors.get(name)!;
          assert.deepEqual(back.shape, shape);
          assert.deepEqual(new Uint32Array(back.data.buffer), new Uint32Array(data.slice().buffer));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('begins its tensors at a multiple of 8 bytes', async () => {
    for (const name of ['a', 'ab', 'abc', 'abcdefgh']) {
      await writeSafetensors(path, new Map([[name, { shape: [], data: new Float32Array(1) }]]));
      const length = (await readFile(path)).readBigUInt64LE();
      assert.equal(Number(length) % 8, 0);
    }
  });

  it('reads every type as float32', async () => {
    const data = new DataView(new ArrayBuffer(64));
    // F16: 1.5, −2, the smallest subnormal, infinity, and 65504, the largest.
    [0x3e00, 0xc000, 0x0001, 0x7c00, 0x7bff].forEach((bits, i) => {
      data.setUint16(2 * i, bits, true);
    });
    // BF16: 1, −3.140625.
    [0x3f80, 0xc049].forEach((bits, i) => {
      data.setUint16(10 + 2 * i, bits, true);
    });
    data.setBigInt64(14, -5n, true);
    data.setBigInt64(22, 16_777_216n, true);
    data.setFloat64(30, 0.25, true);
    data.setInt32(38, -7, true);
    [200, 1, 0].forEach((byte, i) => {
      data.setUint8(42 + i, byte);
    });
    const entry = (dtype: string, shape: number[], from: number, to: number) => ({
      dtype,
      shape,
      data_offsets: [from, to],
    });
    const header = {
      f16: entry('F16', [5], 0, 10),
      bf16: entry('BF16', [1, 2], 10, 14),
      i64: entry('I64', [2], 14, 30),
      f64: entry('F64', [], 30, 38),
      i32: entry('I32', [1], 38, 42),
      u8: entry('U8', [1], 42, 43),
      bool: entry('BOOL', [2], 43, 45),
    };
    const { tensors } = await readBytes(fileOf(header, new Uint8Array(data.buffer, 0, 45)));
    const values = Object.fromEntries([...tensors].map(([name, { data }]) => [name, [...data]]));
    assert.deepEqual(values, {
      f16: [1.5, -2, 2 ** -24, Infinity, 65504],
      bf16: [1, -3.140625],
      i64: [-5, 16_777_216],
      f64: [0.25],
      i32: [-7],
      u8: [200],
      bool: [1, 0],
    });
    assert.deepEqual(tensors.get('bf16')!.shape, [1, 2]);
  });

  const f32 = (from: number, to: number, shape = [2], dtype = 'F32') => ({
    dtype,
    shape,
    data_offsets: [from, to],
  });
  const lies: [string, unknown, RegExp, bigint?][] = [
    ['a header longer than the file', {}, /claims 4096 bytes/, 4096n],
    ['a header of 2^64 − 1 bytes', {}, /its header claims/, 2n ** 64n - 1n],
    ['no JSON', '{"a":', /header is not JSON/],
    ['a list', [], /not an object/],
    ['null', 'null', /not an object/],
    ['a number as tensor', { a: 7 }, /tensor a is not described/],
    ['metadata that is not text', { __metadata__: { epoch: 3 } }, /metadata is not text/],
    ['an unknown type', { a: f32(0, 2, [2], 'F8_E4M3') }, /type F8_E4M3; supported are F64, F32/],
    [
      'a type named after an object method',
      { a: f32(0, 8, [2], 'constructor') },
      /type constructor/,
    ],
    ['data beyond the end', { a: f32(8, 16) }, /tensor a does not lie/],
    ['fewer bytes than the shape needs', { a: f32(0, 4) }, /tensor a does not lie/],
    ['a shape larger than memory', { a: f32(0, 8, [2 ** 40, 2 ** 40]) }, /tensor a does not lie/],
    ['a negative offset', { a: f32(-8, 0) }, /tensor a is not described/],
    ['an end before the begin', { a: f32(8, 0) }, /tensor a does not lie/],
    ['a fraction as size', { a: f32(0, 8, [0.5, 4]) }, /tensor a is not described/],
    ['two tensors in one place', { a: f32(0, 8), b: f32(0, 8) }, /tensor b does not lie/],
  ];
  for (const [what, header, message, claimed] of lies)
    it(`refuses ${what}`, async () => {
      await assert.rejects(
        readBytes(fileOf(header, new Uint8Array(8), claimed)),
        (error) =>
          error instanceof SafetensorsError &&
          error.message.includes(path) &&
          message.test(error.message),
      );
    });

  it('refuses every truncation', async () => {
    const tensors = new Map([['a', { shape: [3], data: Float32Array.of(1, 2, 3) }]]);
    await writeSafetensors(path, tensors, { step: '1' });
    const whole = await readFile(path);
    for (let size = 0; size < whole.length; size++)
      await assert.rejects(readBytes(whole.subarray(0, size)), SafetensorsError);
  });

  it('of random bytes, and of random headers, reads nothing or what is there', async () => {
    const entry = fc.record({
      dtype: fc.constantFrom('F32', 'F16', 'I64', 'U8', 'X'),
      shape: fc.array(fc.oneof(fc.nat(5), fc.nat()), { maxLength: 3 }),
      data_offsets: fc.tuple(fc.nat(40), fc.oneof(fc.nat(40), fc.nat())),
    });
    const header = fc.oneof(fc.dictionary(fc.string(), entry), fc.json());
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc
        .tuple(header, fc.uint8Array({ maxLength: 40 }))
        .map(([described, data]) => fileOf(described, data)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (file) => {
        try {
          const { tensors } = await readBytes(file);
          const values = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
          assert.ok(values <= file.length, `${values} values out of ${file.length} bytes`);
        } catch (error) {
          if (!(error instanceof SafetensorsError)) throw error;
        }
      }),
      { numRuns: 400 },
    );
  });

  it('does not write a tensor whose shape lies, nor one named as the metadata', async () => {
    const data = new Float32Array(3);
    await assert.rejects(
      writeSafetensors(path, new Map([['a', { shape: [2, 2], data }]])),
      /tensor a cannot be written: its shape is \[2, 2\], it has 3 values/,
    );
    await assert.rejects(
      writeSafetensors(path, new Map([['__metadata__', { shape: [3], data }]])),
      /no tensor can be named __metadata__/,
    );
  });

  it('leaves no other file behind, whether it succeeds or fails', async () => {
    const here = join(folder, 'atomic');
    await mkdir(join(here, 'taken'), { recursive: true });
    const tensors = new Map([['a', { shape: [1], data: Float32Array.of(1) }]]);
    await writeSafetensors(join(here, 'good'), tensors);
    await assert.rejects(writeSafetensors(join(here, 'taken'), tensors), { code: 'EISDIR' });
    assert.deepEqual((await readdir(here)).sort(), ['good', 'taken']);
  });

  it('keeps the old file when the new one cannot be written', async () => {
    const target = join(folder, 'kept');
    const value = (n: number) => new Map([['a', { shape: [1], data: Float32Array.of(n) }]]);
    await writeSafetensors(target, value(1));
    await mkdir(`${target}.tmp`);
    await assert.rejects(writeSafetensors(target, value(2)));
    assert.equal((await readSafetensors(target)).tensors.get('a')!.data[0], 1);
  });
});
