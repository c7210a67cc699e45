import assert from 'node:assert/strict';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readTorchFile } from '../../../model/weights/torch-file.js';
import { TorchFileError } from '../../../model/weights/torch-pickle.js';

/** Made with PyTorch 1.13: every type, views, a scalar, an empty tensor; beside them an optimiser and a namespace. */
const golden = (name: string) => fileURLToPath(new URL(`../../../../test/golden/${name}`, import.meta.url)); // prettier-ignore

describe('PyTorch files', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'avme-torch-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('give the values that PyTorch says they hold', async () => {
    const { tensors } = await readTorchFile(golden('torch-checkpoint.pth'));
    const expected = JSON.parse(await readFile(golden('torch-checkpoint.json'), 'utf8')) as Record<
      string,
      { shape: number[]; values: number[] }
    >;
    assert.deepEqual([...tensors.keys()], Object.keys(expected));
    for (const [name, { shape, values }] of Object.entries(expected)) {
      assert.deepEqual(tensors.get(name)!.shape, shape, name);
      assert.deepEqual([...tensors.get(name)!.data], [...Float32Array.from(values)], name);
    }
  });

  it('give the averages of the weights, where those are asked for', async () => {
    // The layout of VideoMAE's checkpoints: `model`, `model_ema` and others side by side.
    const valuesOf = async (averaged?: boolean) => {
      const { tensors } = await readTorchFile(golden('torch-ema.pth'), averaged);
      return [...tensors].map(([name, { data }]) => [name, ...data]);
    };
    assert.deepEqual(await valuesOf(), [['patch_embed.proj.bias', 1, 2, 3]]);
    assert.deepEqual(await valuesOf(true), [['patch_embed.proj.bias', 1.5, 2.5, 3.5]]);
    await assert.rejects(
      readTorchFile(golden('torch-checkpoint.pth'), true),
      /no averages of its weights under model_ema or state_dict_ema; leave --ema out/,
    );
  });

  it('execute nothing: a file that calls os.system is data', async () => {
    const { tensors } = await readTorchFile(golden('torch-evil.pth'));
    assert.deepEqual([...tensors.get('w')!.data], [1, 1]);
    await assert.rejects(access('evil-was-here'));
  });

  it('that are none, or truncated, are refused in one sentence', async () => {
    const bytes = await readFile(golden('torch-checkpoint.pth'));
    const path = join(folder, 'x.pth');
    for (const content of [
      Buffer.from('not a zip'),
      Buffer.alloc(0),
      bytes.subarray(0, bytes.length / 2),
    ]) {
      await writeFile(path, content);
      await assert.rejects(readTorchFile(path), (error: Error) => {
        assert.ok(error instanceof TorchFileError && error.message.startsWith(path));
        return true;
      });
    }
    await assert.rejects(readTorchFile(join(folder, 'none.pth')), { code: 'ENOENT' });
  });

  it('with any byte changed are refused, or give tensors of the shapes that they say', async function () {
    this.timeout(60_000);
    const bytes = await readFile(golden('torch-checkpoint.pth'));
    const path = join(folder, 'mutated.pth');
    const outcome = { read: 0, refused: 0 };
    for (let at = 0; at < bytes.length; at += 11) {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ 0x55;
      await writeFile(path, copy);
      try {
        for (const { shape, data } of (await readTorchFile(path)).tensors.values())
          assert.equal(shape.reduce((product, n) => product * n, 1), data.length); // prettier-ignore
        outcome.read++;
      } catch (error) {
        assert.ok(error instanceof TorchFileError, `byte ${at}: ${String(error)}`);
        outcome.refused++;
      }
    }
    assert.ok(outcome.read > 50 && outcome.refused > 20, JSON.stringify(outcome));
  });
});
