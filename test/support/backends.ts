import * as tf from '@tensorflow/tfjs-core';
import { BACKENDS, useBackend, type BackendName } from '../../model/index.js';

/** Runs a suite on one backend; where that is not on this machine, it is skipped in plain sight. */
export function onBackend(
  backend: BackendName,
  name: string,
  suite: (backend: BackendName) => void,
): void {
  describe(`${name} on ${backend}`, function () {
    before(async function () {
      try {
        await useBackend(backend);
      } catch {
        this.skip();
      }
    });
    beforeEach(() => {
      tf.engine().startScope();
    });
    afterEach(() => {
      tf.engine().endScope();
    });
    suite(backend);
  });
}

/** Runs a suite once on each backend. */
export function onEachBackend(name: string, suite: (backend: BackendName) => void): void {
  for (const backend of BACKENDS) onBackend(backend, name, suite);
}
