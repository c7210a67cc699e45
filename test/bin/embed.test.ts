import assert from 'node:assert/strict';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { readSafetensors } from '../../model/weights/safetensors.js';
import { decodeNpy } from '../../stages/exchange/npy.js';
import { avme, refused } from '../support/cli.js';
import { usePython } from '../support/python.js';
import { slow } from '../support/slow.js';
import { useTinyRuns } from '../support/tiny-run.js';

interface Row {
  readonly key: string;
  readonly id: string;
  readonly label: string;
  readonly clip: number;
  readonly sound: boolean;
}

describe('avme embed', function () {
  this.timeout(300_000);
  const { path, classified } = useTinyRuns();
  const args = (source: string, out: string, ...more: string[]) =>
    ['embed', path('tuned'), source, '--out', path(out), '--backend', 'wasm', '--json', ...more]; // prettier-ignore
  const embed = async (source: string, out: string, ...more: string[]) => {
    const { code, stderr, events } = await avme(args(source, out, ...more));
    assert.equal(code, 0, stderr);
    return events;
  };
  const npy = async (name: string) => {
    const { shape, bytes } = decodeNpy(await readFile(path(name)));
    return { shape, values: new Float32Array(new Uint8Array(bytes).buffer) };
  };
  const rows = async (name: string) =>
    (await readFile(path(name), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Row); // prettier-ignore

  before(async () => {
    await classified('tuned', 'clips');
    await embed(path('clips'), 'picture.npy', '--layer', '1');
  });

  it('gives the vectors that the classifier’s head takes', async () => {
    await embed(path('clips'), 'fused.npy', '--of', 'fused');
    await embed(path('clips'), 'sound.npy', '--of', 'sound');
    const [picture, fused, sound] = [await npy('picture.npy'), await npy('fused.npy'), await npy('sound.npy')]; // prettier-ignore
    assert.deepEqual([picture.shape, fused.shape], [[20, 24], [20, 16]]); // prettier-ignore
    await avme(['evaluate', '--run', path('tuned'), '--cache', path('clips'), '--out', path('results'), '--backend', 'wasm', '--views', '1x1']); // prettier-ignore
    const told = (await readFile(path('results/predictions.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as { id: string; top5: { label: string; probability: number }[] }); // prettier-ignore
    const { classifier } = JSON.parse(await readFile(path('tuned/run.json'), 'utf8')) as { classifier: { classes: string[] } }; // prettier-ignore
    const file = (await readdir(path('tuned/checkpoints'))).find((name) => name.endsWith('08.safetensors'))!; // prettier-ignore
    const { tensors } = await readSafetensors(join(path('tuned'), 'checkpoints', file));
    const of = (name: string) => tensors.get(name)!.data;
    /** LayerNorm by hand. */
    const norm = (x: Float32Array, name: string) => {
      const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
      const deviation = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length + 1e-6); // prettier-ignore
      return [...x].map((value, i) => ((value - mean) / deviation) * of(`${name}.weight`)[i]! + of(`${name}.bias`)[i]!); // prettier-ignore
    };
    const known = await rows('picture.rows.jsonl');
    for (const { id, top5 } of told) {
      // The middle one of two clips is the first.
      const at = known.findIndex((row) => row.id === id && row.clip === 0);
      const cut = ({ shape, values }: typeof picture) => values.subarray(at * shape[1]!, (at + 1) * shape[1]!); // prettier-ignore
      const heard = cut(sound);
      const narrow = Float32Array.from({ length: 16 }, (_, i) => heard.reduce((sum, value, j) => sum + value * of('audio_to_decoder.weight')[i * 8 + j]!, 0)); // prettier-ignore
      const features = [...norm(cut(picture), 'fc_norm'), ...norm(cut(fused), 'fusion_norm'), ...norm(narrow, 'still_audio_norm')]; // prettier-ignore
      const logits = classifier.classes.map((_, c) => features.reduce((sum, value, i) => sum + value * of('head.weight')[c * features.length + i]!, of('head.bias')[c]!)); // prettier-ignore
      const sum = logits.reduce((all, value) => all + Math.exp(value), 0);
      for (const { label, probability } of top5)
        assert.ok(Math.abs(Math.exp(logits[classifier.classes.indexOf(label)]!) / sum - probability) < 1e-5); // prettier-ignore
    }
  });

  slow.it(
    'gives the same of raw videos as of their cache, and all tokens where asked',
    async () => {
      await embed(path('videos'), 'videos.npy', '--layer', '1', '--tokens');
      const [means, tokens] = [await npy('picture.npy'), await npy('videos.npy')];
      assert.deepEqual(tokens.shape, [20, 8, 4, 4, 24]);
      const [ofCache, ofVideos] = [
        await rows('picture.rows.jsonl'),
        await rows('videos.rows.jsonl'),
      ];
      assert.deepEqual(ofVideos.map(({ id, clip, label, sound }) => [id, clip, label, sound]), ofCache.map(({ id, clip, label, sound }) => [id, clip, label, sound])); // prettier-ignore
      for (let i = 0; i < 20 * 24; i++) {
        const [row, channel] = [Math.floor(i / 24), i % 24];
        let sum = 0;
        for (let token = 0; token < 128; token++) sum += tokens.values[(row * 128 + token) * 24 + channel]!; // prettier-ignore
        assert.ok(Math.abs(sum / 128 - means.values[i]!) < 1e-5);
      }
      // A clip that is not heard is the learned token itself.
      await embed(path('clips'), 'mute.npy', '--of', 'sound', '--sound', 'mute');
      const { tensors } = await readSafetensors(
        path('tuned/checkpoints/step-00000008.safetensors'),
      );
      const token = tensors.get('no_sound_token')!.data;
      (await npy('mute.npy')).values.forEach((value, i) => { assert.ok(Math.abs(value - token[i % 8]!) < 1e-6); }); // prettier-ignore
    },
  );

  slow.it('writes the same into every format', async () => {
    await Promise.all(['all.safetensors', 'all.jsonl', 'all.parquet'].map((out) => embed(path('clips'), out, '--layer', '1'))); // prettier-ignore
    const { values } = await npy('picture.npy');
    const info = JSON.parse(await readFile(path('all.info.json'), 'utf8')) as { shape: number[]; configuration: { layer: number } }; // prettier-ignore
    assert.deepEqual([info.shape, info.configuration.layer], [[20, 24], 1]);
    assert.deepEqual((await readSafetensors(path('all.safetensors'))).tensors.get('embeddings')!.data, values); // prettier-ignore
    const lines = (await readFile(path('all.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Row & { embedding: number[] }); // prettier-ignore
    assert.deepEqual(lines.flatMap(({ embedding }) => embedding), [...values]); // prettier-ignore
    const table = (await parquetReadObjects({ file: await asyncBufferFromFile(path('all.parquet')) })) as unknown as typeof lines; // prettier-ignore
    assert.deepEqual(table.map(({ key, id, label, clip, sound, embedding }) => [key, id, label, clip, sound, ...embedding]), lines.map(({ key, id, label, clip, sound, embedding }) => [key, id, label, clip, sound, ...embedding])); // prettier-ignore
  });

  it('goes on where it was killed', async () => {
    const out = 'resumed.npy';
    const killed = await avme(args(path('clips'), out, '--layer', '1', '--batch', '1'), { kill: { signal: 'SIGKILL', afterLines: 8 } }); // prettier-ignore
    assert.notEqual(killed.code, 0);
    // A kill may tear the last line off; disks may lose more of one file than of the other.
    const part = path(`${out}.part.jsonl`);
    const text = await readFile(part, 'utf8');
    await writeFile(part, text.slice(0, -20));
    await truncate(path(`${out}.part.f32`), 4 * 24 * 5 + 7);
    await refused(args(path('clips'), out, '--of', 'sound'), 1, /made otherwise \(.*of: "picture", asked for "sound"/); // prettier-ignore
    const events = await embed(path('clips'), out, '--layer', '1');
    const done = events.at(-1)!;
    // Five vectors were whole, the fifth of a video whose clips may not all be there.
    assert.deepEqual([done['event'], done['resumed'], done['clips']], ['done', 4, 16]);
    assert.deepEqual(await npy(out), await npy('picture.npy'));
    assert.deepEqual(await rows('resumed.rows.jsonl'), await rows('picture.rows.jsonl'));
    assert.deepEqual((await readdir(path(''))).filter((name) => name.includes('.part.')), []); // prettier-ignore
  });

  it('says what it cannot do', async () => {
    await writeFile(path('broken.mp4'), 'no video');
    await Promise.all([
      refused(args(path('clips'), 'x.txt'), 2, /must end in \.npy, \.safetensors, \.jsonl or \.parquet/), // prettier-ignore
      refused(args(path('clips'), 'x.npy', '--layer', '9'), 1, /the encoder has 1 blocks/),
      refused(args(path('broken.mp4'), 'y.npy'), 1, /no clip could be embedded/),
    ]);
  });

  slow.describe('as Python reads it', () => {
    const python = usePython('numpy', 'pandas', 'duckdb', 'pyarrow');
    it('is the same for NumPy, pandas and DuckDB', async () => {
      await embed(path('clips'), 'python.parquet', '--layer', '1');
      const said = python(
        'import sys, numpy, pandas, duckdb\n' +
          'a = numpy.load(sys.argv[1])\n' +
          'b = numpy.stack(pandas.read_parquet(sys.argv[2])["embedding"])\n' +
          'c = duckdb.sql(f"select count(*), len(first(embedding)) from \'{sys.argv[2]}\'").fetchone()\n' +
          'print(a.dtype, (a == b).all(), c)',
        path('picture.npy'),
        path('python.parquet'),
      );
      assert.equal(said.trim(), 'float32 True (20, 24)');
    });
  });
});
