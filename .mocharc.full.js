/** The full size of the tests: see .mocharc.js. */
process.env.AVME_TESTS ??= 'full';

export { default } from './.mocharc.js';
