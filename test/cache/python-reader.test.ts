import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checksum } from '../../cache/codec/checksum.js';
import { openCache, type CacheReader } from '../../cache/reader.js';
import { openCacheWriter, type CacheWriterOptions } from '../../cache/writer.js';
import { verifyCache } from '../../pipeline/verify/verify.js';
import { flip } from '../pipeline/verify/support.js';
import { makeSample, OPTIONS, SHAPE, useFolder } from './support.js';

const PAGE = fileURLToPath(new URL('../../../docs/reference/cache-format.md', import.meta.url));
const PYTHON = '/usr/bin/python3';

/** Prints, a line a sample, the header and for each array its shape, type and checksum. */
const DUMP = `
import json, sys
from reader import read_cache, xxh64_hexdigest
for header, arrays in read_cache(sys.argv[1]):
    print(json.dumps({'header': header, 'arrays': {
        name: [list(a.shape), a.dtype.str, xxh64_hexdigest(a.tobytes())] for name, a in arrays.items()}}))
`;

describe('the reader in Python of docs/reference/cache-format.md', function () {
  this.timeout(60_000);
  const folder = useFolder();
  const cache = () => join(folder(), 'cache');

  before(function () {
    const { status } = spawnSync(PYTHON, ['-c', 'import numpy, xxhash']);
    // A peer, not a requirement: Debian's python3-numpy and python3-xxhash.
    if (status !== 0) this.skip();
  });

  async function dump() {
    const [, code = ''] =
      /## A reader in Python[^]*?\`\`\`python\n([^]*?)\`\`\`/.exec(await readFile(PAGE, 'utf8')) ??
      [];
    await writeFile(join(folder(), 'reader.py'), code);
    await writeFile(join(folder(), 'dump.py'), DUMP);
    return spawnSync(PYTHON, [join(folder(), 'dump.py'), cache()], { encoding: 'utf8' });
  }

  async function write(numbers: readonly number[], options: CacheWriterOptions): Promise<void> {
    const writer = await openCacheWriter(cache(), options);
    for (const number of numbers) await writer.put(makeSample(number, options.shape));
    await writer.seal();
  }

  const digest = (array: Uint8Array | Float32Array) =>
    checksum(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
      .toString(16)
      .padStart(16, '0');

  function expected(reader: CacheReader, index: number): unknown {
    const { header, frames, mask, mfcc, mel } = reader.sample(index);
    const { shape } = reader.manifest;
    return {
      header,
      arrays: {
        frames: [[shape.frames, header.height, header.width, 3], '|u1', digest(frames)],
        mask: [[shape.positions], '|u1', digest(mask)],
        mfcc: [[shape.mfccFrames, shape.cepstra], '<f4', digest(mfcc)],
        ...(mel && { mel: [[shape.mfccFrames, shape.melBands], '<f4', digest(mel)] }),
      },
    };
  }

  async function expectAgreement(): Promise<void> {
    const { stdout, stderr, status } = await dump();
    assert.equal(status, 0, stderr);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    const reader = await openCache(cache());
    assert.deepEqual(
      lines,
      Array.from({ length: reader.size }, (_, i) => expected(reader, i)),
    );
    await reader.close();
  }

  it('reads every value as we do, of many shards and runs, less what was dropped', async () => {
    const options = { ...OPTIONS, shape: { ...SHAPE, square: false }, shardBytes: 90_000 };
    await write([9, 4, 11, 2, 7], options);
    await write([0, 1, 3, 5, 6, 8, 10], options);
    await expectAgreement();
    const reader = await openCache(cache());
    const { path, offset } = reader.recordPlace(reader.find('key-7')!)!;
    await reader.close();
    await flip(path, offset + 300);
    await verifyCache({ cache: cache(), options: { drop: true, jobs: 1 } });
    await expectAgreement();
  });

  it('reads log-mel spectra where the cache has them', async () => {
    await write([1, 2, 3], { ...OPTIONS, shape: { ...SHAPE, melBands: 5 } });
    await expectAgreement();
  });

  it('finds what we find: a flipped bit in a record or an index', async () => {
    await write([1, 2, 3], OPTIONS);
    const reader = await openCache(cache());
    const { path, offset } = reader.recordPlace(1)!;
    await reader.close();
    for (const [file, at, message] of [
      [path, offset + 1000, /the checksum of key-\d does not match/],
      [path.replace('.lmdb', '.index.json'), 30, /the index of shards/],
    ] as const) {
      const whole = await readFile(file);
      await flip(file, at);
      assert.match((await dump()).stderr, message);
      await writeFile(file, whole);
    }
  });
});
