import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors } from '../../model/weights/safetensors.js';
import { listBackends } from '../../engine/backend.js';
import { readMetrics } from '../../pipeline/training/run/run-folder.js';
import { avme, refused } from '../support/cli.js';
import { relativeError } from '../support/golden.js';
import { slow } from '../support/slow.js';
import { useTinyRuns } from '../support/tiny-run.js';

describe('avme pretrain', function () {
  this.timeout(180_000);
  const { path: run, pretrain, trained } = useTinyRuns();
  const finalWeights = (name: string) =>
    readFile(join(run(name), 'checkpoints', 'step-00000012.safetensors'));

  before(() => trained('straight'));

  it('reports every step, ends with done, and keeps metrics and the newest checkpoints', async () => {
    const again = await avme(pretrain('reported', '--json', '--save-every', '5', '--keep', '2'));
    assert.equal(again.events[0]!['event'], 'start');
    const steps = again.events.filter((event) => event['event'] === 'step');
    assert.deepEqual(
      steps.map((event) => event['step']),
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
    const done = again.events.at(-1)!;
    assert.deepEqual([done['event'], done['step'], done['interrupted']], ['done', 12, false]);
    const metrics = await readMetrics(run('reported'));
    assert.equal(metrics.length, 12);
    assert.ok(metrics.every(({ loss, lr }) => Number.isFinite(loss) && lr >= 0));
    assert.deepEqual(await readdir(join(run('reported'), 'checkpoints')), [
      'step-00000010.safetensors',
      'step-00000012.safetensors',
    ]);
  });

  it('is repeatable: the same command gives the same weights, to the bit', async () => {
    assert.ok((await finalWeights('straight')).equals(await finalWeights('reported')));
  });

  slow.it('another seed gives other weights', async () => {
    await avme(pretrain('seeded', '--seed', '1'));
    assert.ok(!(await finalWeights('straight')).equals(await finalWeights('seeded')));
  });

  for (const stop of [1, 5, 11]) {
    const test = stop === 5 ? it : slow.it;
    test(`stopped at step ${stop} and gone on with, it ends with the same weights, to the bit`, async () => {
      const name = `stopped-${stop}`;
      const first = await avme(pretrain(name, '--stop-at', String(stop), '--json'));
      assert.equal(first.code, 0, first.stderr);
      assert.deepEqual(
        [first.events.at(-1)!['step'], first.events.at(-1)!['interrupted']],
        [stop, true],
      );
      const second = await avme(pretrain(name, '--json'));
      assert.equal(second.events[0]!['resumedFrom'], stop);
      assert.ok((await finalWeights('straight')).equals(await finalWeights(name)));
      assert.deepEqual(
        (await readMetrics(run(name))).map(({ loss }) => loss),
        (await readMetrics(run('straight'))).map(({ loss }) => loss),
      );
    });
  }

  it('Ctrl-C finishes the step, saves, exits 130, and the run goes on exactly', async () => {
    const stopped = await avme(pretrain('ctrl-c', '--json'), {
      kill: { signal: 'SIGINT', afterLines: 4 },
    });
    assert.equal(stopped.code, 130, stopped.stderr);
    assert.equal(stopped.events.at(-1)!['interrupted'], true);
    await avme(pretrain('ctrl-c'));
    assert.ok((await finalWeights('straight')).equals(await finalWeights('ctrl-c')));
  });

  slow.it(
    'Ctrl-C ends threads that train as well, and one thread goes on with their run',
    async () => {
      const threads = ['--backend', 'wasm', '--batch', '4', '--json'];
      const stopped = await avme(pretrain('threads', ...threads, '--train-workers', '2'), {
        kill: { signal: 'SIGINT', afterLines: 4 },
      });
      assert.equal(stopped.code, 130, stopped.stderr);
      const last = stopped.events.at(-1)!;
      assert.equal(last['interrupted'], true);
      const resumed = await avme(pretrain('threads', ...threads, '--train-workers', '1'));
      assert.equal(resumed.events[0]!['resumedFrom'], last['step']);
      await avme(pretrain('one-thread', ...threads, '--train-workers', '1'));
      const [of, wanted] = await Promise.all([readMetrics(run('threads')), readMetrics(run('one-thread'))]); // prettier-ignore
      const losses = (metrics: typeof of) => Float32Array.from(metrics, ({ loss }) => loss);
      assert.equal(of.length, 12);
      assert.ok(relativeError(losses(of), losses(wanted)) < 1e-3);
    },
  );

  it('kill -9 loses the steps since the last checkpoint, and the run goes on exactly', async () => {
    const killed = await avme(pretrain('killed', '--json', '--save-every', '3'), {
      kill: { signal: 'SIGKILL', afterLines: 9 },
    });
    assert.equal(killed.code, null);
    const resumed = await avme(pretrain('killed', '--json', '--save-every', '3'));
    assert.ok(Number(resumed.events[0]!['resumedFrom']) >= 3);
    assert.ok((await finalWeights('straight')).equals(await finalWeights('killed')));
    assert.equal((await readMetrics(run('killed'))).length, 12);
  });

  it('a finished run is not run again', async () => {
    const again = await avme(pretrain('straight', '--json'));
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(
      again.events.map((event) => event['event']).filter((event) => event === 'step'),
      [],
    );
  });

  it('writes VideoMAE’s weights under the original names', async () => {
    const { tensors } = await readSafetensors(
      join(run('straight'), 'checkpoints', 'step-00000012.safetensors'),
    );
    assert.deepEqual(tensors.get('encoder.patch_embed.proj.weight')?.shape, [24, 3, 2, 8, 8]);
    assert.deepEqual(tensors.get('encoder.blocks.0.attn.qkv.weight')?.shape, [72, 24]);
    for (const name of [
      'encoder_to_decoder.weight',
      'mask_token',
      'decoder.head.weight',
      'optimizer.exp_avg.mask_token',
    ])
      assert.ok(tensors.has(name), name);
  });

  for (const variant of ['v', 'av-no-cross'])
    it(`trains variant ${variant}, with the cached masks`, async () => {
      const result = await avme(
        pretrain(variant, '--variant', variant, '--mask', 'cached', '--json'),
      );
      assert.equal(result.code, 0, result.stderr);
      assert.equal(result.events[0]!['variant'], variant);
    });

  slow.it(
    'learns with products in bfloat16 on native TensorFlow, much as without, and refuses them elsewhere',
    async function () {
      await refused(
        pretrain('narrow', '--precision', 'bfloat16'),
        1,
        /bfloat16 only where steps run as graphs.* the backend is wasm; leave --precision out/,
      );
      const auto = await avme(
        pretrain('automatic', '--precision', 'auto', '--steps', '1', '--json'),
      );
      assert.equal(auto.events[0]!['precision'], 'float32');
      if (!(await listBackends()).some(({ name, available }) => name === 'tensorflow' && available)) this.skip(); // prettier-ignore
      const losses = await Promise.all(
        ['float32', 'bfloat16'].map(async (precision) => {
          const flags = ['--backend', 'tensorflow', '--precision', precision, '--json'];
          const { events, stderr } = await avme(pretrain(precision, ...flags));
          assert.equal(events[0]?.['precision'], precision, stderr);
          return (await readMetrics(run(precision))).map(({ loss }) => loss);
        }),
      );
      const [wide, narrow] = losses as [number[], number[]];
      wide.forEach((loss, i) => {
        assert.ok(Math.abs(narrow[i]! / loss - 1) < 0.02, `step ${i + 1}: ${loss}, ${narrow[i]}`);
      });
      assert.notDeepEqual(wide, narrow);
    },
  );

  slow.it(
    'takes the same steps compiled by XLA on native TensorFlow, and refuses to elsewhere',
    async function () {
      await refused(pretrain('elsewhere', '--capture', 'xla'), 1, /native TensorFlow only, and the backend is wasm; leave --capture out/); // prettier-ignore
      if (!(await listBackends()).some(({ name, available }) => name === 'tensorflow' && available)) this.skip(); // prettier-ignore
      const losses = [];
      for (const capture of ['yes', 'xla']) {
        // Against pixels as they are: normalising a tubelet of one colour divides rounding by rounding.
        const flags = '--backend tensorflow --variant v --target raw --stop-at 4 --json'.split(' ');
        const { events, stderr } = await avme(pretrain(capture, '--capture', capture, ...flags));
        assert.deepEqual([events[0]?.['captured'], events[0]?.['xla']], [true, capture === 'xla'], stderr); // prettier-ignore
        losses.push((await readMetrics(run(capture))).map(({ loss }) => loss));
      }
      const [plain, compiled] = losses as [number[], number[]];
      assert.equal(compiled.length, 4);
      compiled.forEach((loss, i) => {
        assert.ok(Math.abs(loss / plain[i]! - 1) < 1e-4, `step ${i + 1}: ${plain[i]}, ${loss}`);
      });
    },
  );

  it('begins with the weights of a file, and refuses one that does not fit', async () => {
    const file = join(run('straight'), 'checkpoints', 'step-00000012.safetensors');
    const begun = ['--variant', 'v', '--init', file, '--steps', '1', '--lr', '1e-12', '--json'];
    const result = await avme(pretrain('begun', ...begun));
    assert.equal(result.code, 0, result.stderr);
    const [given, taken] = await Promise.all(
      [file, String(result.events.at(-1)!['checkpoint'])].map(readSafetensors),
    );
    for (const name of ['mask_token', 'encoder.patch_embed.proj.weight', 'decoder.head.weight'])
      assert.ok(
        relativeError(taken!.tensors.get(name)!.data, given!.tensors.get(name)!.data) < 1e-6,
      );
    assert.ok(![...taken!.tensors.keys()].some((name) => name.startsWith('audio_encoder')));
    await refused(pretrain('wider', '--init', file, '--width', '48'), 1, /does not fit the model: encoder\.\S+ has \d+ values, expected \d+/); // prettier-ignore
    await refused(pretrain('none', '--init', join(run('straight'), 'run.json')), 1, /cannot be read as safetensors/); // prettier-ignore
  });
});
