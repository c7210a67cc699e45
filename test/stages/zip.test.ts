import assert from 'node:assert/strict';
import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { decodeZip, encodeZip, ZipError } from '../../stages/zip.js';

const LIMIT = 1 << 20;
const bytes = fc.uint8Array({ maxLength: 200 });
const files = fc.uniqueArray(
  fc.record({ name: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }), content: fc.array(bytes, { maxLength: 3 }) }), // prettier-ignore
  { selector: ({ name }) => name, maxLength: 5 },
);
const archive = (...list: Parameters<typeof encodeZip>[0]) => Buffer.concat(encodeZip(list));

/** Makes the one file of an archive deflated, as numpy.savez_compressed does. */
function deflated(name: string, content: Buffer): Buffer {
  const packed = deflateRawSync(content);
  const zip = archive({ name, content: [packed] });
  const central = zip.readUInt32LE(zip.length - 6);
  for (const header of [0, central + 2]) {
    zip.writeUInt16LE(8, header + 8);
    zip.writeUInt32LE(crc32(content), header + 14);
    zip.writeUInt32LE(content.length, header + 22);
  }
  return zip;
}

describe('ZIP archives', () => {
  it('give back every file', () => {
    fc.assert(
      fc.property(files, (list) => {
        const read = decodeZip(archive(...list), LIMIT);
        assert.deepEqual([...read.keys()], list.map(({ name }) => name)); // prettier-ignore
        for (const { name, content } of list)
          assert.deepEqual(read.get(name), Buffer.concat(content));
      }),
    );
  });

  it('may be deflated', () => {
    const content = Buffer.from('a clip '.repeat(1000));
    assert.deepEqual(decodeZip(deflated('a.npy', content), LIMIT).get('a.npy'), content);
  });

  it('never give wrong content, whichever byte is flipped', () => {
    const content = Buffer.from('frames frames mask');
    for (const whole of [
      archive({ name: 'frames.npy', content: [content] }),
      deflated('frames.npy', content),
    ])
      // prettier-ignore
      for (let at = 0; at < whole.length; at++) {
        const broken = Buffer.from(whole);
        broken[at] = (broken[at] ?? 0) ^ 0xff;
        try {
          for (const found of decodeZip(broken, LIMIT).values()) assert.deepEqual(found, content);
        } catch (error) {
          assert.ok(error instanceof ZipError, `byte ${at}: ${String(error)}`);
        }
      }
  });

  it('are refused when they are cut, empty or no archives', () => {
    const whole = archive({ name: 'a', content: [Buffer.from('content')] });
    for (let length = 0; length < whole.length; length++)
      assert.throws(() => decodeZip(whole.subarray(0, length), LIMIT), ZipError);
    assert.throws(() => decodeZip(Buffer.alloc(100), LIMIT), /does not end as a ZIP file does/);
  });

  it('are never inflated beyond the limit, whatever they claim', () => {
    const bomb = deflated('bomb', Buffer.alloc(LIMIT + 1));
    assert.throws(() => decodeZip(bomb, LIMIT), /claims 1048577 bytes, more than the 1048576/);
    const central = bomb.readUInt32LE(bomb.length - 6);
    bomb.writeUInt32LE(10, central + 24);
    assert.throws(() => decodeZip(bomb, LIMIT), ZipError);
  });
});
