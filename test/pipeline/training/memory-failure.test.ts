import assert from 'node:assert/strict';
import { wordsOf } from '../../../bin/cli/failure.js';
import { memoryFailure } from '../../../pipeline/training/memory-failure.js';

/** What engines said when they were given too much. */
const SAID = [
  'Aborted(). Build with -sASSERTIONS for more info.',
  'memory access out of bounds',
  'training thread 2 of 2 failed: memory access out of bounds',
  'Array buffer allocation failed',
  'OOM when allocating tensor with shape[64,1568,3072] and type float',
];

describe('a batch that does not fit into memory', () => {
  it('is told of in words, with the parts that need less', () => {
    for (const said of SAID) {
      const error = memoryFailure(new Error(said), { batch: 64, accumulate: 1, backend: 'wasm' });
      const words = wordsOf(error);
      assert.match(words, /^64 clips at a time do not fit: .* more memory than/, said);
      assert.match(words, /--batch 64 --accumulate 2, as another --run, takes 32 at a time/);
      assert.match(words, /avme setup$/);
      assert.ok(words.includes(said));
    }
  });

  it('is divided without a rest, as long as it can be', () => {
    const of = (batch: number, accumulate: number) =>
      (memoryFailure(new Error(SAID[0]), { batch, accumulate, backend: 'tensorflow' }) as Error)
        .message;
    assert.match(of(9, 1), /--accumulate 3, as another --run, takes 3 at a time/);
    assert.match(of(64, 32), /2 clips at a time .*--accumulate 64, as another --run, takes 1 at/);
    assert.match(of(7, 7), /^1 clip at a time .*; take a smaller model \(--preset\)/);
    assert.doesNotMatch(of(8, 1), /avme setup/);
  });

  it('is not what any other error is about', () => {
    const other = new Error('the loss is not finite');
    assert.equal(memoryFailure(other, { batch: 8, accumulate: 1, backend: 'wasm' }), other);
    assert.match(wordsOf(new Error(SAID[0])), /^this takes more memory than WebAssembly has, .*--batch/); // prettier-ignore
  });
});
