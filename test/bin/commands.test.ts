import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { COMMANDS } from '../../bin/command-list.js';
import { avme } from '../support/cli.js';

const run = promisify(execFile);

/** Files of packages that a fresh process has loaded once it has these commands' modules. */
async function loadedBy(...commands: readonly string[]): Promise<string[]> {
  const url = new URL('../../bin/command-list.js', import.meta.url).href;
  const script = `
    import { createRequire } from 'node:module';
    import { COMMANDS } from '${url}';
    for (const { name, load } of COMMANDS) if (${JSON.stringify(commands)}.includes(name)) await load();
    console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout) as string[];
}

describe('commands', function () {
  this.timeout(120_000);

  it('are called what the list calls them, with an example', async () => {
    for (const { name, summary, load } of COMMANDS) {
      const command = await load();
      assert.equal(command.name(), name);
      assert.equal(command.spec.name, name);
      assert.match(summary, /^[A-Z].*\.$/);
    }
  });

  it('that need no model load no TensorFlow.js', async () => {
    const light = await loadedBy(
      ...['preprocess', 'merge', 'verify', 'import', 'evidence', 'configs', 'convert'],
    );
    assert.ok(light.some((file) => file.includes('lmdb')));
    assert.deepEqual(
      light.filter((file) => file.includes('tfjs')),
      [],
    );
    // The test sees it where it is loaded.
    assert.ok((await loadedBy('pretrain')).some((file) => file.includes('tfjs')));
  });

  it('are explained by help as by --help', async () => {
    const asked = await avme(['help', 'configs']);
    assert.deepEqual(asked, await avme(['configs', '--help']));
    assert.match(
      asked.stdout,
      /^Usage: avme configs[^]*\nLists the presets[^]*Example:\n {2}avme configs\n$/,
    );
    const list = await avme(['--help']);
    for (const { name, summary } of COMMANDS) {
      const words = summary.split(' ').slice(0, 3).join(' ');
      assert.match(list.stdout, new RegExp(`^ {2}${name} +(\\[.*\\] *)*[^]*${words}`, 'm'));
    }
  });

  it('that there are not are told from those that there are', async () => {
    const { code, stderr } = await avme(['pretrian', '--run', 'x']);
    assert.equal(code, 2);
    assert.match(stderr, /unknown command 'pretrian'\n\(Did you mean pretrain\?\)/);
  });
});
