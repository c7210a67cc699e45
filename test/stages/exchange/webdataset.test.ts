import assert from 'node:assert/strict';
import type { ClipShape, StoredSample } from '../../../cache/records.js';
import { foreignFrames, foreignSample } from '../../../stages/exchange/foreign-sample.js';
import { encodeNpy } from '../../../stages/exchange/npy.js';
import { ownJson, ownSample } from '../../../stages/exchange/own-sample.js';
import type { TarFile } from '../../../stages/exchange/tar.js';
import {
  floatsOf,
  groupByKey,
  readParts,
  type FileGroup,
} from '../../../stages/exchange/webdataset.js';
import { encodeZip } from '../../../stages/exchange/zip.js';

const LIMIT = 1 << 20;
const SHAPE: ClipShape = {
  frames: 2,
  size: 4,
  storeSize: 4,
  square: true,
  positions: 4,
  mfccFrames: 3,
  cepstra: 2,
};
const npy = (...array: Parameters<typeof encodeNpy>) => Buffer.concat(encodeNpy(...array));
const FRAMES = npy(Uint8Array.from({ length: 96 }, (_, i) => i), [2, 4, 4, 3]); // prettier-ignore
const group = (files: Record<string, Buffer>): FileGroup => ({
  key: 'k',
  files: new Map(Object.entries(files)),
});
const foreign = async (files: Record<string, Buffer>) =>
  foreignSample(await readParts(group(files), LIMIT), SHAPE, '/data/a.tar', 'dir/k');

// eslint-disable-next-line @typescript-eslint/require-await
async function* tar(...names: string[]): AsyncGenerator<TarFile> {
  for (const name of names) yield { name, content: [Buffer.from(name)] };
}

describe('WebDataset samples', () => {
  it('are the neighbours of one key, split at the first dot of the name', async () => {
    const names = ['__avme__', 'a.npy', 'a.JSON', 'b/c.d.frames.npy', 'b/c.mask.npy', 'b/d.npy', '.hidden', 'a.npy']; // prettier-ignore
    const found: [string, string[]][] = [];
    for await (const { key, files } of groupByKey(tar(...names))) found.push([key, [...files.keys()]]); // prettier-ignore
    assert.deepEqual(found, [
      ['a', ['npy', 'json']],
      ['b/c', ['d.frames.npy', 'mask.npy']],
      ['b/d', ['npy']],
      ['a', ['npy']],
    ]);
  });

  it('may have their frames in an .npy of any name, or in an .npz', async () => {
    const zip = Buffer.from(
      await encodeZip([
        { name: 'frames.npy', content: [FRAMES] },
        { name: 'mask.npy', content: encodeNpy(new Uint8Array(4), [4]) },
      ]),
    );
    for (const files of [{ npy: FRAMES }, { 'frames.npy': FRAMES }, { npz: zip }]) {
      const { frames, mask } = await readParts(group(files), LIMIT);
      assert.deepEqual(frames?.shape, [2, 4, 4, 3]);
      assert.equal(mask === undefined, !('npz' in files));
    }
  });

  it('that avme did not write are filled in', async () => {
    const sample = await foreign({ npy: FRAMES });
    assert.equal(sample.mask, null);
    assert.deepEqual(sample.mfcc, new Float32Array(6));
    const { contentHash, ...header } = sample.header;
    assert.match(contentHash, /^[0-9a-f]{64}$/);
    assert.deepEqual(header, {
      path: '/data/a.tar/dir/k',
      id: 'dir/k',
      label: null,
      split: null,
      start: null,
      end: null,
      clip: 0,
      height: 4,
      width: 4,
      times: [0, 0.04],
      span: [0, 0.08],
      flags: { audioPresent: false, substituted: 0, held: 0, warnings: [] },
    });
  });

  it('that avme did not write say what they can', async () => {
    const said = { split: 'val', id: 'seven', clip: 2, times: [1, 1.5], span: [1, 2] };
    const { header, mfcc } = await foreign({
      npy: FRAMES,
      'mfcc.npy': npy(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]),
      json: Buffer.from(JSON.stringify({ ...said, label: 7, other: [] })),
      cls: Buffer.from('3\n'),
    });
    assert.deepEqual([...mfcc], [1, 2, 3, 4, 5, 6]);
    const { label, split, id, clip, times, span, flags } = header;
    assert.deepEqual({ split, id, clip, times, span }, said);
    assert.equal(label, '7');
    assert.equal(flags.audioPresent, true);
    assert.equal((await foreign({ npy: FRAMES, cls: Buffer.from('3\n') })).header.label, '3');
    assert.deepEqual((await foreign({ npy: FRAMES, json: Buffer.from('{"fps": 2}') })).header.times, [0, 0.5]); // prettier-ignore
  });

  it('have a content hash of frames and sound', async () => {
    const hash = async (files: Record<string, Buffer>) => (await foreign(files)).header.contentHash;
    const other = Buffer.from(FRAMES);
    other[other.length - 1] = 0;
    const mfcc = (value: number) => npy(Float32Array.of(value, 2, 3, 4, 5, 6), [3, 2]);
    const hashes = [
      await hash({ npy: FRAMES }),
      await hash({ npy: other }),
      await hash({ npy: FRAMES, 'mfcc.npy': mfcc(1) }),
      await hash({ npy: FRAMES, 'mfcc.npy': mfcc(2) }),
    ];
    assert.equal(new Set(hashes).size, 4);
    assert.equal(await hash({ npy: FRAMES, json: Buffer.from('{}') }), hashes[0]);
  });

  it('take float64 for float32', () => {
    const bytes = new Uint8Array(Float64Array.of(0.5, -3).buffer);
    assert.deepEqual(floatsOf({ type: '<f8', shape: [2], bytes }, 'mfcc'), Float32Array.of(0.5, -3)); // prettier-ignore
  });

  const refusals: [string, Record<string, Buffer>, RegExp][] = [
    ['no frames', { 'mfcc.npy': FRAMES, txt: FRAMES }, /no frames, only mfcc\.npy, txt/],
    ['frames as pictures', { 'frame-00.jpg': FRAMES }, /no frames, only frame-00\.jpg/],
    ['float frames', { npy: npy(new Float32Array(96), [2, 4, 4, 3]) }, /type <f4, not uint8/],
    ['channels first', { npy: npy(new Uint8Array(96), [2, 3, 4, 4]) }, /shape 2 × 3 × 4 × 4, not frames × height × width × 3/], // prettier-ignore
    ['damaged frames', { npy: FRAMES.subarray(0, 100) }, /frames cannot be read: it ends inside/],
    ['a damaged archive', { npz: FRAMES }, /archive cannot be read/],
    ['JSON of another kind', { npy: FRAMES, json: Buffer.from('{"label": [1]}') }, /label/],
    ['no JSON at all', { npy: FRAMES, json: Buffer.from('{') }, /JSON/],
    ['too few times', { npy: FRAMES, json: Buffer.from('{"times": [1]}') }, /1 times for 2 frames/],
  ];
  for (const [what, files, message] of refusals)
    it(`with ${what} are refused`, async () => {
      await assert.rejects(foreign(files), message);
    });

  it('that avme wrote come back, and no other', async () => {
    const sample: StoredSample = {
      header: { ...(await foreign({ npy: FRAMES })).header, key: 'k' },
      frames: { format: 'raw', bytes: new Uint8Array(FRAMES.subarray(-96)) },
      mask: Uint8Array.of(1, 0, 0, 1),
      mfcc: Float32Array.of(1, 2, 3, 4, 5, 6),
    };
    const files = {
      'frames.npy': FRAMES,
      'mask.npy': npy(sample.mask, [4]),
      'mfcc.npy': npy(sample.mfcc, [3, 2]),
      json: ownJson(sample),
    };
    const read = async (changed: Record<string, Buffer>) => {
      const parts = await readParts(group({ ...files, ...changed }), LIMIT);
      return ownSample(parts);
    };
    const { frames: count, height, width } = foreignFrames(await readParts(group(files), LIMIT));
    assert.deepEqual([count, height, width], [2, 4, 4]);
    assert.deepEqual(await read({}), sample);
    for (const [name, bytes] of Object.entries(files)) {
      const flipped = Buffer.from(bytes);
      const at = name === 'json' ? flipped.indexOf('dir/k') : flipped.length - 1;
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      await assert.rejects(read({ [name]: flipped }), /its checksum does not match/, name);
    }
    await assert.rejects(read({ json: Buffer.from('{}') }), /its JSON is not what avme export wrote/); // prettier-ignore
    const parts = await readParts(group({ npy: FRAMES, json: files.json }), LIMIT);
    assert.throws(() => ownSample(parts), /its mask is missing/);
  });
});
