import assert from 'node:assert/strict';
import fc from 'fast-check';
import { shortNames } from '../../../inspector/views/short-names.js';

describe('short names of folders', () => {
  it('are as long as it takes to tell them apart', () => {
    assert.deepEqual(shortNames(['/x/a/run', '/x/b/run', '/x/cache']), ['a/run', 'b/run', 'cache']);
    assert.deepEqual(shortNames(['/run']), ['run']);
    assert.deepEqual(shortNames(['/run', '/a/run']), ['run', 'a/run']);
    assert.deepEqual(shortNames([]), []);
  });
  it('differ wherever the folders do, and are ends of them', () => {
    const folder = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`); // prettier-ignore
    fc.assert(
      fc.property(fc.uniqueArray(folder, { maxLength: 6 }), (folders) => {
        const names = shortNames(folders);
        assert.equal(new Set(names).size, folders.length);
        names.forEach((name, i) => { assert.ok(folders[i]!.endsWith(`/${name}`)); }); // prettier-ignore
      }),
    );
  });
});
