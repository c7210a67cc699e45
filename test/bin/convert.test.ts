import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors, writeSafetensors } from '../../model/weights/safetensors.js';
import { avme, refused } from '../support/cli.js';

const golden = (name: string) => fileURLToPath(new URL(`../../../test/golden/${name}`, import.meta.url)); // prettier-ignore

describe('avme convert', function () {
  this.timeout(60_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'avme-convert-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('reads a PyTorch file and writes it as safetensors', async () => {
    const output = join(folder, 'a.safetensors');
    const { code, stderr, events } = await avme(['convert', golden('torch-checkpoint.pth'), output, '--json']); // prettier-ignore
    assert.equal(code, 0, stderr);
    assert.deepEqual([events[0]!['from'], events[0]!['to'], events[0]!['tensors']], ['original', 'original', 10]); // prettier-ignore
    const expected = JSON.parse(await readFile(golden('torch-checkpoint.json'), 'utf8')) as Record<string, { values: number[] }>; // prettier-ignore
    const { tensors } = await readSafetensors(output);
    for (const [name, { values }] of Object.entries(expected))
      assert.deepEqual(
        [...tensors.get(name.replace('module.', ''))!.data],
        [...Float32Array.from(values)],
      );
  });

  it('there and back again is the same file', async () => {
    const [ours, theirs, again] = ['ours', 'theirs', 'again'].map((name) => join(folder, `${name}.safetensors`)) as [string, string, string]; // prettier-ignore
    for (const args of [
      [golden('torch-checkpoint.pth'), ours],
      [ours, theirs, '--names', 'huggingface'],
      [theirs, again],
    ])
      assert.equal((await avme(['convert', ...args])).code, 0);
    assert.deepEqual(await readFile(again), await readFile(ours));
  });

  it('takes averages of a PyTorch file, and of a checkpoint of ours', async () => {
    const ours = join(folder, 'checkpoint.safetensors');
    const one = (value: number) => ({ shape: [1], data: Float32Array.of(value) });
    await writeSafetensors(ours, new Map([['norm.bias', one(1)], ['ema.norm.bias', one(2)]])); // prettier-ignore
    for (const [input, name, first] of [
      [golden('torch-ema.pth'), 'patch_embed.proj.bias', 1.5],
      [ours, 'norm.bias', 2],
    ] as const) {
      const output = join(folder, 'averages.safetensors');
      const { code, stderr } = await avme(['convert', input, output, '--ema']);
      assert.equal(code, 0, stderr);
      const { tensors } = await readSafetensors(output);
      assert.deepEqual([...tensors].map(([key, { data }]) => [key, data[0]]), [[name, first]]); // prettier-ignore
    }
    const none = join(folder, 'a.safetensors');
    await refused(['convert', none, join(folder, 'b.safetensors'), '--ema'], 1, /no averages of its weights; leave --ema out/); // prettier-ignore
  });

  it('refuses what it cannot read, and an output of another kind', async () => {
    const text = fileURLToPath(new URL('../../../package.json', import.meta.url));
    await refused(['convert', text, join(folder, 'x.safetensors')], 1, /package\.json cannot be read as safetensors/); // prettier-ignore
    await refused(['convert', golden('torch-checkpoint.pth'), join(folder, 'x.pth')], 2, /output.*must end in \.safetensors/); // prettier-ignore
  });
});
