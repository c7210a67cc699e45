import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { BACKENDS, listBackends, useBackend, type BackendName } from '../../model/index.js';

describe('backends', () => {
  it('are listed all, each with why it can be used or why not', async () => {
    const reports = await listBackends();
    assert.deepEqual(
      reports.map(({ name }) => name),
      ['tensorflow', 'wasm', 'cpu'],
    );
    for (const { reason } of reports) assert.match(reason, /\w/);
    for (const { name, available } of reports.slice(1)) assert.ok(available, name);
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

  it('auto is the first of the list that can be used', async () => {
    const usable = (await listBackends()).filter(({ available }) => available);
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
});
