import assert from 'node:assert/strict';
import { wheelName } from '../../../engine/setup/build.js';

describe('setup, the wheel', () => {
  it('is the small one where there is one and no GPU is asked for', () => {
    assert.equal(wheelName(false, 'linux', 'x64'), 'tensorflow-cpu==2.21.0');
    assert.equal(wheelName(false, 'linux', 'arm64'), 'tensorflow==2.21.0');
    assert.equal(wheelName(false, 'darwin', 'arm64'), 'tensorflow==2.21.0');
    assert.equal(wheelName(true, 'linux', 'x64'), 'tensorflow[and-cuda]==2.21.0');
  });
});
