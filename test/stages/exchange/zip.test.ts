import assert from 'node:assert/strict';
import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { decodeZip, encodeZip, ZipError } from '../../../stages/exchange/zip.js';

const LIMIT = 1 << 20;
const bytes = fc.uint8Array({ maxLength: 200 });
const files = fc.uniqueArray(
  fc.record({ name: fc.stringMatching(/^[\wäöü€ -]{1,20}\.npy$/), content: fc.array(bytes, { maxLength: 3 }) }), // prettier-ignore
  { selector: ({ name }) => name, maxLength: 5 },
);
const archive = async (...list: Parameters<typeof encodeZip>[0]) =>
  Buffer.from(await encodeZip(list));
const unpack = (bytes: Buffer, limit = LIMIT) => decodeZip(new Uint8Array(bytes), limit);

/** Place of the directory, as the end of an archive without a comment says. */
const centralOf = (zip: Buffer) => zip.readUInt32LE(zip.length - 6);

/** Makes the one file of an archive deflated, as numpy.savez_compressed does. */
async function deflated(name: string, content: Buffer): Promise<Buffer> {
  const packed = deflateRawSync(content);
  const zip = await archive({ name, content: [packed] });
  const central = centralOf(zip);
  for (const header of [0, central + 2]) {
    zip.writeUInt16LE(8, header + 8);
    zip.writeUInt32LE(crc32(content), header + 14);
    zip.writeUInt32LE(content.length, header + 22);
  }
  return zip;
}

describe('ZIP archives', () => {
  it('give back every file', () =>
    fc.assert(
      fc.asyncProperty(files, async (list) => {
        const read = await unpack(await archive(...list));
        assert.deepEqual([...read.keys()], list.map(({ name }) => name)); // prettier-ignore
        for (const { name, content } of list)
          assert.deepEqual(Buffer.from(read.get(name)!), Buffer.concat(content));
      }),
    ));

  it('have the same bytes each time', async () => {
    const file = { name: 'frames.npy', content: [Buffer.from('frames')] };
    assert.deepEqual(await archive(file), await archive(file));
    assert.ok((await archive(file)).includes('frames.npyframes'), 'stored, nothing in between');
  });

  it('may be deflated', async () => {
    const content = Buffer.from('a clip '.repeat(1000));
    const read = await unpack(await deflated('a.npy', content));
    assert.deepEqual(Buffer.from(read.get('a.npy')!), content);
  });

  it('never give wrong content, whichever byte is flipped', async () => {
    const content = Buffer.from('frames frames mask');
    const stored = await archive({ name: 'frames.npy', content: [content] });
    let refused = 0;
    for (const whole of [stored, await deflated('frames.npy', content)])
      for (let at = 0; at < whole.length; at++) {
        const broken = Buffer.from(whole);
        broken[at] = (broken[at] ?? 0) ^ 0xff;
        try {
          for (const found of (await unpack(broken)).values())
            assert.deepEqual(Buffer.from(found), content, `byte ${at}`);
        } catch (error) {
          assert.ok(error instanceof ZipError, `byte ${at}: ${String(error)}`);
          refused++;
        }
      }
    assert.ok(refused > 2 * content.length, 'content and what points to it is checked');
  });

  it('are refused when they are cut, empty or no archives', async () => {
    const whole = await archive({ name: 'a', content: [Buffer.from('content')] });
    for (let length = 0; length < whole.length; length++)
      await assert.rejects(unpack(whole.subarray(0, length)), ZipError);
    await assert.rejects(unpack(Buffer.alloc(100)), ZipError);
  });

  it('are refused when a name leads out of the folder that they would be unpacked into', async () => {
    for (const name of ['/frames.npy', '../frames.npy'])
      await assert.rejects(unpack(await archive({ name, content: [] })), ZipError);
  });

  it('are never unpacked beyond the limit, whatever they claim', async () => {
    const bomb = await deflated('bomb', Buffer.alloc(LIMIT + 1));
    await assert.rejects(unpack(bomb), /with bomb it has more than 1048576 bytes/);
    bomb.writeUInt32LE(10, centralOf(bomb) + 24);
    await assert.rejects(unpack(bomb), ZipError);
  });
});
