import assert from 'node:assert/strict';
import { slow } from '../support/slow.js';
import { apiChanged, ENTRIES } from './report.js';

slow.describe('the public API', function () {
  this.timeout(120_000);

  for (const entry of ENTRIES)
    it(`of ${entry} is as its report says`, () => {
      assert.equal(
        apiChanged(entry, false),
        false,
        `the API differs from test/api/${entry}.api.md. Is the change meant? Then run ` +
          '"npm run api:update", commit the report, and add a changeset: what is removed or ' +
          'changed is a major version, what is added a minor one',
      );
    });
});
