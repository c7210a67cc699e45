import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { openCache } from '../../../cache/reader.js';
import { openCacheWriter } from '../../../cache/writer.js';
import type { ClipShape, Sample } from '../../../cache/records.js';
import { exportNumpy, exportWebDataset } from '../../../pipeline/exchange/export.js';
import { importWebDataset } from '../../../pipeline/exchange/import.js';
import { makeSample, OPTIONS, samplesOf, SHAPE, useFolder } from '../../cache/support.js';
import { usePython } from '../../support/python.js';

/** Prints, for every sample of a tar or .npz, what Python finds in it. */
const READ = `
import hashlib, io, json, sys, tarfile, zipfile
import numpy as np
def describe(array):
    assert array.flags.c_contiguous
    return [list(array.shape), array.dtype.str, hashlib.sha256(array.tobytes()).hexdigest()]
for path in sys.argv[1:]:
    if path.endswith('.npz'):
        assert zipfile.ZipFile(path).testzip() is None
        npz = np.load(path)
        header = json.loads(npz['header.json'])
        arrays = {name: describe(npz[name]) for name in ('frames', 'mask', 'mfcc')}
        print(json.dumps([header['key'], arrays]))
        continue
    samples = {}
    for member in tarfile.open(path):
        assert member.isreg() and member.mtime == 0
        key, _, kind = member.name.partition('.')
        data = tarfile.open(path).extractfile(member.name).read()
        if kind.endswith('.npy'):
            samples.setdefault(key, {})[kind[:-4]] = describe(np.load(io.BytesIO(data)))
        elif kind == 'json':
            assert json.loads(data)['key'] == key
    for item in samples.items():
        print(json.dumps(item))
`;

/** Writes a tar as webdataset.TarWriter does: members in turn, arrays through numpy.save and savez. */
const WRITE = `
import io, json, sys, tarfile
import numpy as np
def saved(save, *args, **named):
    out = io.BytesIO()
    save(out, *args, **named)
    return out.getvalue()
with tarfile.open(sys.argv[1], 'w') as tar:
    for i in range(4):
        frames = (np.arange(4 * 8 * 8 * 3).reshape(4, 8, 8, 3) * (i + 1) % 256).astype(np.uint8)
        mfcc = np.sin(np.arange(5 * 3) + i).reshape(5, 3)
        json_ = json.dumps({'label': 'even' if i % 2 == 0 else 'odd', 'times': [0, 1, 2, 3]}).encode()
        files = [
            {'frames.npy': saved(np.save, frames), 'mfcc.npy': saved(np.save, mfcc.astype(np.float32)), 'json': json_},
            {'npz': saved(np.savez, frames=frames, mfcc=mfcc), 'json': json_},
            {'npz': saved(np.savez_compressed, frames=frames, mfcc=mfcc), 'json': json_},
            {'npy': saved(np.save, frames), 'mfcc.npy': saved(np.save, mfcc), 'json': json_},
        ][i]
        for kind, data in files.items():
            member = tarfile.TarInfo(f'train/{i:04}.{kind}')
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
`;

/** Prints how NumPy describes an array of a sample. */
const DESCRIBE = `
import hashlib, sys
import numpy as np
array = np.load(sys.argv[1])
print(array.shape, array.dtype, hashlib.sha256(array.tobytes()).hexdigest())
`;

describe('NumPy', () => {
  const python = usePython('numpy');
  const folder = useFolder();
  const at = (name: string) => join(folder(), name);

  async function makeCache() {
    const writer = await openCacheWriter(at('a'), OPTIONS);
    for (let i = 0; i < 5; i++) await writer.put(makeSample(i));
    await writer.seal();
    const reader = await openCache(at('a'));
    const samples = samplesOf(reader);
    await reader.close();
    return samples;
  }

  /** As {@link READ} prints it. */
  function describeSample(sample: Sample) {
    const hash = (bytes: Uint8Array | Float32Array) => createHash('sha256').update(bytes).digest('hex'); // prettier-ignore
    return {
      frames: [[4, 8, 8, 3], '|u1', hash(sample.frames)],
      mask: [[4], '|u1', hash(sample.mask)],
      mfcc: [[8, 3], '<f4', hash(sample.mfcc)],
    };
  }

  it('reads the tars and archives that avme writes', async () => {
    const samples = await makeCache();
    await exportWebDataset({ cache: at('a'), out: at('a.tar') });
    await exportNumpy(at('a'), 3, at('3.npz'), 'all');
    const lines = python(READ, at('a.tar'), at('3.npz')).trim().split('\n');
    assert.equal(lines.length, 6);
    for (const line of lines) {
      const [key, arrays] = JSON.parse(line) as [string, object];
      assert.deepEqual(arrays, describeSample(samples.get(key)!));
    }
    await exportNumpy(at('a'), 3, at('mfcc.npy'), 'mfcc');
    const [key = ''] = JSON.parse(lines.at(-1)!) as string[];
    const { mfcc } = describeSample(samples.get(key)!);
    assert.equal(python(DESCRIBE, at('mfcc.npy')).trim(), `(8, 3) float32 ${String(mfcc[2])}`);
  });

  it('writes tars that avme reads', async () => {
    python(WRITE, at('py.tar'));
    const options = { patch: 4, maskRatio: 0.5 };
    const done = await importWebDataset({ tars: [at('py.tar')], cache: at('b'), options });
    assert.equal(done.written, 4);
    const reader = await openCache(at('b'));
    for (let i = 0; i < 4; i++) {
      const { header, frames, mfcc } = reader.sample(i);
      assert.deepEqual([header.id, header.label, header.times], [`train/000${i}`, i % 2 === 0 ? 'even' : 'odd', [0, 1, 2, 3]]); // prettier-ignore
      assert.deepEqual(
        frames,
        Uint8Array.from({ length: 768 }, (_, k) => k * (i + 1)),
      );
      assert.deepEqual(mfcc.length, 15);
      mfcc.forEach((value, k) => {
        assert.ok(Math.abs(value - Math.sin(k + i)) < 1e-6);
      });
    }
    await reader.close();
  });
});

/** Prints the SHA-256 of the frames in each picture of a tar, taken apart as docs/how-to/export-and-import.md says. */
const PICTURES = `
import hashlib, io, sys, tarfile
import numpy as np
from PIL import Image
frames, height, width = map(int, sys.argv[2:])
with tarfile.open(sys.argv[1]) as tar:
    for member in tar:
        if member.name.endswith(('.jpg', '.webp')):
            pixels = np.asarray(Image.open(io.BytesIO(tar.extractfile(member).read())))
            clip = pixels.reshape(frames, -1, width, 3)[:, :height]
            print(hashlib.sha256(np.ascontiguousarray(clip).tobytes()).hexdigest())
`;

describe('Pillow', () => {
  const python = usePython('numpy', 'PIL');
  const folder = useFolder();

  for (const format of ['jpeg', 'webp'] as const)
    it(`decodes the pictures of a lossy cache to the same pixels as avme: ${format}`, async () => {
      const shape: ClipShape = { ...SHAPE, size: 16, storeSize: 37 };
      const [cache, tar] = [join(folder(), 'cache'), join(folder(), 'a.tar')];
      const configuration = { ...OPTIONS.configuration, store: format };
      const writer = await openCacheWriter(cache, { ...OPTIONS, shape, configuration, store: { format, quality: 80 } }); // prettier-ignore
      for (let i = 0; i < 3; i++) await writer.put(makeSample(i, shape));
      await writer.seal();
      await exportWebDataset({ cache, out: tar });
      const reader = await openCache(cache);
      const ours = [];
      for (let i = 0; i < reader.size; i++)
        ours.push(
          createHash('sha256')
            .update((await reader.read(i)).frames)
            .digest('hex'),
        );
      await reader.close();
      const [frames, side] = [String(shape.frames), String(shape.storeSize)];
      assert.deepEqual(python(PICTURES, tar, frames, side, side).trim().split('\n'), ours);
    });
});
