import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasTensorflow, tensorflowHome } from '../../engine/backends/tensorflow/home.js';
import { findTool } from '../../engine/setup/tools.js';
import { avme } from '../support/cli.js';
import { scratchFolder } from '../support/media.js';

describe('avme setup', function () {
  this.timeout(300_000);
  const { path } = scratchFolder();

  /** A PATH with these programs and no others. */
  async function pathOf(name: string, tools: Record<string, string>): Promise<string> {
    const folder = path(name);
    await mkdir(folder);
    for (const [tool, target] of Object.entries(tools))
      if (target.startsWith('#!')) {
        await writeFile(join(folder, tool), target);
        await chmod(join(folder, tool), 0o755);
      } else await symlink(target, join(folder, tool));
    return folder;
  }
  const tool = (name: string) => findTool(name) ?? '';
  const left = async () => (await readdir(dirname(path('home')))).filter((name) => name.startsWith('home')); // prettier-ignore

  it('says in a sentence each what is missing, and leaves nothing', async function () {
    if (process.platform === 'win32') this.skip();
    const env = { PATH: await pathOf('nothing', {}), AVME_TENSORFLOW: path('home') };
    const { code, stderr } = await avme(['setup'], { env });
    assert.equal(code, 1);
    for (const words of [
      /npm is not on the PATH/,
      /Python 3 is not on the PATH.*apt install python3/,
      /make is not on the PATH/,
      /c\+\+ is not on the PATH.*build-essential/,
    ])
      // prettier-ignore
      assert.match(stderr, words);
    assert.doesNotMatch(stderr, /\n\s+at /);
    assert.deepEqual(await left(), []);
  });

  it('knows a Python without pip', async function () {
    if (process.platform === 'win32') this.skip();
    const python3 = '#!/bin/sh\nexit 1\n';
    const env = { PATH: `${await pathOf('no-pip', { python3 })}:/bin:/usr/bin`, AVME_TENSORFLOW: path('home') }; // prettier-ignore
    const { code, stderr } = await avme(['setup'], { env });
    assert.equal(code, 1);
    assert.match(stderr, /no-pip\/python3 has no pip.*apt install python3-pip/);
  });

  it('shows what a tool said when it failed, and leaves nothing', async function () {
    for (const name of ['npm', 'python3', 'make', 'c++']) if (tool(name) === '') this.skip();
    const wheel = path('tensorflow_cpu-0-none-any.whl');
    await writeFile(wheel, 'no zip');
    const { code, stderr } = await avme(['setup', '--folder', path('home'), '--wheel', wheel]);
    assert.equal(code, 1);
    assert.match(stderr, /zipfile -e .* failed \(exit code 1\):\n(.|\n)*not a zip file/);
    assert.deepEqual(await left(), []);
  });

  it('finds what is there and tries it', async function () {
    if (!hasTensorflow(tensorflowHome())) this.skip();
    const { code, stdout, stderr } = await avme(['setup', '--json']);
    assert.equal(code, 0, stderr);
    const done = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
    assert.equal(done['unchanged'], true);
    assert.match(String(done['version']), /^2\.21/);
    assert.ok(Number(done['gflops']) > 1);
    const doctor = await avme(['doctor', '--json']);
    const { backends } = doctor.events[0] as { backends: { name: string; available: boolean }[] };
    assert.equal(backends.find(({ name }) => name === 'tensorflow')?.available, true);
  });

  it('does not take a library that does not load for one that works', async function () {
    if (process.platform === 'win32') this.skip();
    const folder = path('broken');
    const binding = join(folder, 'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8');
    await mkdir(binding, { recursive: true });
    await writeFile(join(binding, 'tfjs_binding.node'), 'no library');
    await writeFile(join(folder, 'avme-tensorflow.json'), JSON.stringify({ tensorflow: '2.21.0', tfjs: '4.22.0', gpu: false })); // prettier-ignore
    const { code, stderr } = await avme(['setup', '--folder', folder]);
    assert.equal(code, 1);
    assert.match(stderr, /does not compute here/);
    const doctor = await avme(['doctor'], { env: { AVME_TENSORFLOW: folder } });
    assert.equal(doctor.code, 0, doctor.stderr);
    assert.match(doctor.stdout, /tensorflow no/);
  });
});
