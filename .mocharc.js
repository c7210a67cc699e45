/**
 * Tests come in two sizes, and both run on what `npm run build` made.
 *
 *   npm test             build, lint and the fast tests: minutes on two cores
 *   npm run test:full    every test, on every backend of this machine, in a browser where there is one
 *   npx mocha dist/test/cache/codec.test.js     one file; AVME_TESTS=full in front of it: all of that file
 *
 * A test is fast unless it is written as `slow.it` or `slow.describe` (test/support/slow.ts), or
 * lies in test/torture, which runs by itself. Write it so when it takes more than a few seconds and
 * something faster touches the feature as well. The fast run shows slow tests as pending. It also
 * computes whole models on wasm alone, nothing on native TensorFlow or WebGPU, and tries properties
 * with fewer cases: one number in test/support/root.ts.
 */
export default {
  timeout: 60_000,
  require: ['./dist/test/support/root.js'],
};
