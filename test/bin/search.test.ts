import assert from 'node:assert/strict';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeNpy } from '../../stages/exchange/npy.js';
import { avme, refused } from '../support/cli.js';
import { useTinyRuns } from '../support/tiny-run.js';

interface Match {
  readonly id: string;
  readonly similarity: number;
}

describe('avme search', function () {
  this.timeout(180_000);
  const { path, trained } = useTinyRuns();
  const wasm = ['--backend', 'wasm', '--json'];
  const embed = async (out: string) => {
    const { code, stderr } = await avme(['embed', path('run'), path('cache'), '--out', path(out), ...wasm]); // prettier-ignore
    assert.equal(code, 0, stderr);
  };
  const search = async (index: string, query: string, ...more: string[]) => {
    const { code, stderr, events } = await avme(['search', path(index), query, ...wasm, ...more]);
    assert.equal(code, 0, stderr);
    return events.filter(({ event }) => event === 'match') as unknown as Match[];
  };

  before(async () => {
    await trained('run');
    await embed('features.npy');
    await embed('features.safetensors');
  });

  it('finds what NumPy’s way finds: cosines of all vectors, sorted', async () => {
    const { shape, bytes } = decodeNpy(await readFile(path('features.npy')));
    const values = new Float32Array(new Uint8Array(bytes).buffer);
    const rows = (await readFile(path('features.rows.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as { id: string; key: string }); // prettier-ignore
    const vectors = rows.map((_, i) => [...values.subarray(i * shape[1]!, (i + 1) * shape[1]!)]);
    const cosine = (a: number[], b: number[]) =>
      a.reduce((sum, value, i) => sum + value * b[i]!, 0) / Math.hypot(...a) / Math.hypot(...b);
    const expected = rows
      .map(({ id }, i) => ({ id, similarity: cosine(vectors[3]!, vectors[i]!) }))
      .filter((_, i) => i !== 3)
      .sort((a, b) => b.similarity - a.similarity);
    for (const [index, query] of [
      ['features.npy', rows[3]!.key],
      ['features.safetensors', rows[3]!.id],
    ] as const) {
      const found = await search(index, query, '--top', '20');
      assert.deepEqual(found.map(({ id }) => id), expected.map(({ id }) => id)); // prettier-ignore
      found.forEach(({ similarity }, i) => {
        assert.ok(Math.abs(similarity - expected[i]!.similarity) < 1e-5);
      });
    }
  });

  it('finds the clip itself first for a video of the collection, embedded anew', async () => {
    const { id } = JSON.parse((await readFile(path('features.rows.jsonl'), 'utf8')).split('\n')[4]!) as { id: string }; // prettier-ignore
    const [first, ...others] = await search('features.npy', join(path('videos'), id), '--top', '3');
    assert.equal(first!.id, id);
    assert.ok(first!.similarity > 0.9999, `${first!.similarity}`);
    assert.equal(others.length, 2);
    const text = await avme(['search', path('features.npy'), join(path('videos'), id), '--backend', 'wasm']); // prettier-ignore
    assert.match(text.stdout, new RegExp(`cosine +clip +label +id\\n1\\.0000 .*${id}`));
  });

  it('says what it cannot search, and what for', async () => {
    const query = path('videos');
    await writeFile(path('empty.mp4'), '');
    await refused(['search', path('none.npy'), 'x'], 1, /is not there; avme embed writes it/);
    await refused(['search', path('run/run.json'), 'x'], 1, /an \.npy or \.safetensors file of avme embed/); // prettier-ignore
    await refused(['search', path('features.npy'), query], 1, /is neither a file, nor a key or an id in/); // prettier-ignore
    await refused(['search', path('features.npy'), path('empty.mp4'), ...wasm], 1, /cannot be searched for/); // prettier-ignore
    await embed('torn.npy');
    await truncate(path('torn.npy'), 500);
    await refused(['search', path('torn.npy'), 'x'], 1, /do not belong together/);
  });
});
