import assert from 'node:assert/strict';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from '../../cache/reader.js';
import { readMetrics } from '../../pipeline/training/run/run-folder.js';
import { logMelFeatures } from '../../stages/audio/log-mel-features.js';
import { avme, refused } from '../support/cli.js';
import { ffmpeg, makeVideo, scratchFolder } from '../support/media.js';
import { slow } from '../support/slow.js';

const SIZES = '--size 32 --patch 8 --mask-ratio 0.75'.split(' ');
const MODEL =
  '--variant cav-mae --width 24 --depth 2 --heads 2 --decoder-width 16 --decoder-depth 1 --decoder-heads 2';

describe('CAV-MAE on the command line', function () {
  this.timeout(180_000);
  const { path } = scratchFolder();
  const pretrain = (run: string, ...more: string[]) => [
    ...['pretrain', '--cache', path('cache'), '--run', path(run), '--json'],
    ...`${MODEL} --steps 6 --batch 2 --lr 1e-3 --backend wasm`.split(' '),
    ...more,
  ];

  before(async () => {
    for (const folder of ['high', 'low'])
      await mkdir(path(`videos/${folder}`), { recursive: true });
    await makeVideo(path('videos/high/a.mp4'), { sound: 'sine=f=2000:r=16000', seconds: 3 });
    await makeVideo(path('videos/high/b.mp4'), { sound: 'sine=f=2500:r=16000', seconds: 3 });
    await makeVideo(path('videos/low/c.mp4'), { sound: 'sine=f=300:r=16000', seconds: 3 });
    await makeVideo(path('videos/low/d.mp4'), { sound: null, seconds: 3 });
    for (const folder of ['high', 'low']) await mkdir(path(`held/${folder}`), { recursive: true });
    await makeVideo(path('held/high/e.mp4'), { sound: 'sine=f=2200:r=16000' });
    await makeVideo(path('held/low/f.mp4'), { sound: 'sine=f=350:r=16000' });
    const held = ['preprocess', path('held'), '--cache', path('held-out'), ...SIZES, '--mel', '32'];
    assert.equal((await avme(held)).code, 0);
    const made = await avme(['preprocess', path('videos'), '--cache', path('cache'), ...SIZES, '--mel', '32']); // prettier-ignore
    assert.equal(made.code, 0, made.stderr);
    const straight = await avme(pretrain('straight'));
    assert.equal(straight.code, 0, straight.stderr);
  });

  it('preprocess --mel keeps the spectrum of the very span that the MFCC has', async () => {
    const reader = await openCache(path('cache'));
    const { shape, configuration, statistics } = reader.manifest;
    assert.deepEqual([shape.melBands, shape.mfccFrames, configuration['mel']], [32, 256, 32]);
    let [count, sum] = [0, 0];
    for (let i = 0; i < reader.size; i++) {
      const { header, mel } = reader.sample(i);
      assert.equal(mel!.length, 256 * 32);
      if (header.id === 'low/d.mp4') {
        assert.ok(mel!.every((value) => value === 0));
        continue;
      }
      // The same sound, decoded by ffmpeg alone and cut by its time; the codec's own padding aside.
      const pcm = await ffmpeg('-i', path(`videos/${header.id}`), '-f', 'f32le', '-ac', '1', '-ar', '16000', '-'); // prettier-ignore
      const sound = new Float32Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.length));
      const [start, end] = header.span.map((time) => Math.round(16_000 * time)) as [number, number]; // prettier-ignore
      const expected = logMelFeatures(sound.subarray(start, end), 256, 32);
      const distances = Array.from(mel!, (value, at) => Math.abs(value - expected[at]!)).sort((a, b) => a - b); // prettier-ignore
      assert.ok(distances[Math.floor(0.9 * distances.length)]! < 0.05, header.id);
      for (const value of mel!) sum += value;
      count += mel!.length;
    }
    const mean = statistics.mel!.mean.reduce((total, value) => total + value, 0) / 32;
    assert.ok(Math.abs(mean - sum / count) < 1e-3);
    await reader.close();
    const checked = await avme(['verify', path('cache'), '--deep']);
    assert.equal(checked.code, 0, checked.stderr);
  });

  it('exports and imports the spectrum with the rest', async () => {
    assert.equal((await avme(['export', path('cache'), path('all.tar')])).code, 0);
    const back = await avme(['import', path('all.tar'), '--cache', path('back')]);
    assert.equal(back.code, 0, back.stderr);
    const [one, other] = await Promise.all([openCache(path('cache')), openCache(path('back'))]);
    for (let i = 0; i < one.size; i++) assert.deepEqual(other.sample(i), one.sample(i));
    await Promise.all([one.close(), other.close()]);
    const single = ['export', path('cache'), path('one.npy'), '--sample', '0', '--array', 'mel'];
    assert.equal((await avme(single)).code, 0);
    assert.equal((await stat(path('one.npy'))).size, 128 + 4 * 256 * 32);
  });

  it('says what its loss is made of', async () => {
    for (const {
      loss,
      pictureLoss = NaN,
      soundLoss = NaN,
      contrastLoss = NaN,
    } of await readMetrics(path('straight')))
      // prettier-ignore
      assert.ok(Math.abs(loss - pictureLoss - soundLoss - 0.01 * contrastLoss) < 1e-5);
  });

  slow.it('stopped and gone on with, it ends with the same weights, to the bit', async () => {
    const first = await avme(pretrain('stopped', '--stop-at', '2'));
    assert.equal(first.code, 0, first.stderr);
    const second = await avme(pretrain('stopped', '--workers', '0'));
    assert.equal(second.events[0]!['resumedFrom'], 2);
    const weights = (run: string) => readFile(join(path(run), 'checkpoints', 'step-00000006.safetensors')); // prettier-ignore
    assert.ok((await weights('straight')).equals(await weights('stopped')));
  });

  it('draws what it makes of a frame', async () => {
    const drawn = await avme(['reconstruct', '--run', path('straight'), '--cache', path('cache'), '--out', path('made.png'), '--backend', 'wasm']); // prettier-ignore
    assert.equal(drawn.code, 0, drawn.stderr);
    assert.ok((await stat(path('made.png'))).size > 1000);
  });

  for (const fusion of ['fused', 'picture'])
    it(`is fine-tuned, ${fusion}, and measured over all frames`, async () => {
      const flags = `--steps 3 --batch 2 --validate-every 3 --backend wasm --json --fusion ${fusion}`;
      const tuned = await avme([
        ...['finetune', '--cache', path('cache'), '--run', path(`tuned-${fusion}`)],
        ...['--init', path('straight'), '--validation-cache', path('held-out')],
        ...flags.split(' '),
      ]);
      assert.equal(tuned.code, 0, tuned.stderr);
      const { loss, validationLoss, validationTop1 } = (await readMetrics(path(`tuned-${fusion}`))).at(-1)!; // prettier-ignore
      assert.ok([loss, validationLoss].every(Number.isFinite));
      assert.ok([0, 0.5, 1].includes(validationTop1!));
    });

  it('says what does not fit', async () => {
    const plain = ['preprocess', path('videos/low'), '--cache', path('plain'), ...SIZES];
    assert.equal((await avme(plain)).code, 0);
    // A cache without spectra is what it always was: nothing in it says that it has none.
    assert.doesNotMatch(await readFile(path('plain/manifest.json'), 'utf8'), /mel/);
    const other = pretrain('none').map((word) => (word === path('cache') ? path('plain') : word));
    await Promise.all([
      refused(other, 1, /log-mel spectra; make a cache that holds them with avme preprocess --mel 128/), // prettier-ignore
      refused(['preprocess', path('videos'), '--cache', path('cache'), ...SIZES], 1, /mel: cache has 32, asked for nothing/), // prettier-ignore
      refused(['preprocess', path('videos'), '--cache', path('x'), '--mel', '3'], 2, /must be 0, or 8 to 256/), // prettier-ignore
      refused(['finetune', '--cache', path('cache'), '--run', path('late'), '--init', path('straight'), '--fusion', 'late'], 1, /cav-mae has only fused and picture/), // prettier-ignore
      refused(['export', path('plain'), path('no.npy'), '--sample', '0', '--array', 'mel'], 1, /no log-mel spectra/), // prettier-ignore
      refused(['reconstruct', '--run', path('straight'), '--cache', path('plain'), '--out', path('x.png')], 1, /melBands: the model has 32, the cache none/), // prettier-ignore
    ]);
  });
});
