import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { cacheIdentity } from '../../../cache/manifest/manifest.js';
import { checkAddable, checkPartAddable } from '../../../cache/folder/addable.js';
import { partFolder } from '../../../cache/merge/parts.js';
import { OPTIONS, SHAPE, useFolder } from '../support.js';

const identity = cacheIdentity(OPTIONS.configuration, OPTIONS.tools, SHAPE);
const ROUNDS = 200;

describe('a part of a cache', () => {
  const folder = useFolder();

  it('can be begun while others are, at whatever moment their folders appear', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const whole = join(folder(), `whole-${round}`);
      await mkdir(whole);
      const check = checkPartAddable(whole, identity);
      for (let i = 0; i < round % 4; i++) await turn();
      await mkdir(join(whole, partFolder({ index: 1, count: 3 })));
      await check;
    }
  });

  it('cannot be begun among files that are no cache, nor a cache among parts', async () => {
    const part = join(folder(), partFolder({ index: 0, count: 2 }));
    await checkPartAddable(join(folder(), 'not there yet'), identity);
    await mkdir(part);
    await checkPartAddable(folder(), identity);
    await assert.rejects(checkAddable(folder(), identity), /holds 1 parts that are not joined/);
    await writeFile(join(folder(), 'thesis.tex'), '');
    await assert.rejects(checkPartAddable(folder(), identity), /not an avme cache: it has thesis.tex/); // prettier-ignore
  });
});
