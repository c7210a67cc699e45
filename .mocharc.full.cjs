/** The full size of the tests: see .mocharc.cjs. */
process.env.AVME_TESTS ??= 'full';
module.exports = require('./.mocharc.cjs');
