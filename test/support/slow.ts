const size = process.env['AVME_TESTS'];

/** Whether checks that take up to an hour run as well: `npm run test:long`. */
export const LONG = process.env['AVME_LONG'] !== undefined;

/** Whether the slow tests run as well: `npm run test:full`. */
export const FULL = size === 'full' || LONG;

/** Tests that only `npm run test:full` runs; the fast run shows them as pending. */
export const slow: {
  readonly it: Mocha.PendingTestFunction;
  readonly describe: Mocha.PendingSuiteFunction;
} = {
  get it() {
    return FULL ? it : it.skip;
  },
  get describe() {
    return FULL ? describe : describe.skip;
  },
};
