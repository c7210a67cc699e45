import assert from 'node:assert/strict';
import { chooseThreads, type ThreadRequest } from '../../../pipeline/training/train-threads.js';

/** A long run of AV-MaskEnhancer on wasm, four clips at once, on a machine of two cores. */
const LONG: ThreadRequest = {
  asked: undefined,
  backend: 'wasm',
  config: { variant: 'av' },
  clips: 4,
  steps: 1000,
  cores: 2,
};

describe('threads that train', () => {
  it('are one a core on wasm, where a run is long enough to gain from it', () => {
    assert.equal(chooseThreads(LONG), 2);
    assert.equal(chooseThreads({ ...LONG, cores: 16 }), 4, 'no thread without a clip');
    assert.equal(chooseThreads({ ...LONG, steps: 199 }), 1);
    for (const backend of ['tensorflow', 'webgpu', 'xla', 'cpu'] as const)
      assert.equal(chooseThreads({ ...LONG, backend }), 1, backend);
    assert.equal(chooseThreads({ ...LONG, config: { variant: 'cav-mae' } }), 1);
  });

  it('are as many as were asked for, or refused with the reason', () => {
    assert.equal(chooseThreads({ ...LONG, asked: 3, steps: 1 }), 3);
    assert.equal(chooseThreads({ ...LONG, asked: 1, backend: 'tensorflow' }), 1);
    const refused = (changes: Partial<ThreadRequest>, message: RegExp) => {
      assert.throws(() => chooseThreads({ ...LONG, asked: 2, ...changes }), message);
    };
    refused({ asked: 5 }, /--train-workers: got 5; must be at most --batch \/ --accumulate, 4/);
    refused({ backend: 'tensorflow' }, /tensorflow uses all cores by itself/);
    refused({ config: { variant: 'cav-mae' } }, /cav-mae compares the clips of a batch/);
  });
});
