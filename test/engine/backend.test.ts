import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { BACKENDS, listBackends, useBackend, type BackendName } from '../../engine/backend.js';

describe('backends', () => {
  it('are listed all, each with why it can be used or why not', async () => {
    const reports = await listBackends();
    assert.deepEqual(
      reports.map(({ name }) => name),
      ['tensorflow', 'webgpu', 'wasm', 'cpu'],
    );
    for (const { reason } of reports) assert.match(reason, /\w/);
    for (const { name, available } of reports.slice(2)) assert.ok(available, name);
  });

  it('can be chosen where listed as available, and say why where not', async () => {
    for (const { name, available, reason } of await listBackends())
      if (available) {
        assert.equal(await useBackend(name), name);
        assert.equal(tf.getBackend(), name);
      } else
        await assert.rejects(useBackend(name), {
          message: `backend ${name} cannot be used here: ${reason}`,
        });
  });

  it('auto is the first of the list that can be used and is not made of software', async () => {
    const usable = (await listBackends()).filter(({ automatic }) => automatic);
    assert.equal(await useBackend('auto'), usable[0]!.name);
  });

  it('that do not exist are refused, and those that do are named', async () => {
    for (const name of ['webgl', '', 'toString'])
      await assert.rejects(useBackend(name as BackendName), {
        message: `there is no backend "${name}"; choose auto, ${BACKENDS.join(', ')}`,
      });
  });

  it('leave the console as it was', async () => {
    const before = [console.log, console.warn, console.info];
    await listBackends();
    assert.deepEqual([console.log, console.warn, console.info], before);
  });

  it('say nothing of their own, not at their first tensor either', async () => {
    // In a process of its own: TensorFlow.js greets once, and this one has been greeted.
    const model = new URL('../../engine/index.js', import.meta.url).href;
    const core = import.meta.resolve('@tensorflow/tfjs-core');
    const program = `
      const { listBackends, useBackend } = await import(${JSON.stringify(model)});
      const { ones } = await import(${JSON.stringify(core)});
      for (const { name, available } of await listBackends())
        if (available) { await useBackend(name); await ones([2]).data(); }`;
    // Native TensorFlow's C++ has words of its own on stderr, whatever its log level.
    const env = { ...process.env, AVME_TENSORFLOW: '/nowhere' };
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { env }); // prettier-ignore
    assert.deepEqual(await run, { stdout: '', stderr: '' });
  });
});
