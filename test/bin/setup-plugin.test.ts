import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findPlugin } from '../../engine/backends/xla/home.js';
import { useStub } from '../engine/xla/pjrt/stub.js';
import { avme } from '../support/cli.js';
import { scratchFolder } from '../support/media.js';
import { useTinyRuns } from '../support/tiny-run.js';

describe('avme setup --plugin', function () {
  this.timeout(120_000);
  const { path } = scratchFolder();
  const runs = useTinyRuns();
  const stub = useStub();
  const left = async () => (await readdir(dirname(path('xla')))).filter((name) => name.startsWith('xla')); // prettier-ignore

  it('tries a plugin, remembers it, and doctor shows it', async () => {
    const env = { AVME_XLA: path('xla') };
    const { code, stdout, stderr } = await avme(['setup', '--plugin', stub().file], { env });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /XLA is set up and works, on Adder 1 by stub \(one more\)/);
    assert.equal(findPlugin(path('xla'))?.file, stub().file);
    const again = await avme(['setup', '--gpu'], { env });
    assert.match(again.stdout, /XLA works, on Adder 1/);
    const doctor = await avme(['doctor'], { env });
    assert.match(doctor.stdout, /xla +yes +Adder 1 by stub \(one more\)/);
  });

  it('says what is wrong with a file that is no plugin, and leaves what was there', async () => {
    const text = path('text.so');
    await writeFile(text, 'no library');
    const env = { AVME_XLA: path('xla') };
    const before = await readFile(join(path('xla'), 'avme-xla.json'), 'utf8');
    const { code, stderr } = await avme(['setup', '--plugin', text], { env });
    assert.equal(code, 1);
    assert.match(stderr, /text\.so cannot be loaded as a PJRT plugin/);
    assert.doesNotMatch(stderr, /\n\s+at /);
    assert.deepEqual(await left(), ['xla']);
    assert.equal(await readFile(join(path('xla'), 'avme-xla.json'), 'utf8'), before);
  });

  it('without one, training by XLA says how to get it', async () => {
    const env = { AVME_XLA: path('nothing') };
    const doctor = await avme(['doctor'], { env });
    assert.match(doctor.stdout, /xla +no +no plugin is set up; "avme setup --gpu" gets it/);
    const { code, stderr } = await avme(runs.pretrain('run', '--backend', 'xla'), { env });
    assert.equal(code, 1);
    assert.match(stderr, /no plugin for XLA is set up; "avme setup --gpu" gets it/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });
});
