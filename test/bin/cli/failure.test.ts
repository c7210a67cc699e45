import assert from 'node:assert/strict';

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { wordsOf } from '../../../bin/cli/failure.js';
import { scratchFolder } from '../../support/media.js';

const scratch = scratchFolder();

describe('what a command says of an error', () => {
  const thrown = async (work: () => Promise<unknown>) =>
    wordsOf(await work().then(() => 'nothing', (error: unknown) => error)); // prettier-ignore

  it('names the file and what to do, whatever system call it comes from', async () => {
    await mkdir(scratch.path('folder'));
    assert.equal(
      await thrown(() => readFile(scratch.path('folder'))),
      'it is a folder, not a file (EISDIR: illegal operation on a directory, read)',
    );
    const long = scratch.path('x'.repeat(300));
    assert.equal(
      await thrown(() => writeFile(long, '')),
      `${long}: its path is too long for the file system; choose a folder with a shorter path`,
    );
  });

  it('says of a full disk that it is, and leaves words of ours alone', () => {
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    assert.match(wordsOf(full), /^the disk is full; make room and run again/);
    assert.equal(wordsOf(new Error('permission denied, as we put it')), 'permission denied, as we put it'); // prettier-ignore
  });
});
