import { findLibav } from '../../stages/libav/home.js';

/** Where libav is set up for tests, which hide it from all others (root.ts). */
export const libavForTests = (): string => process.env['AVME_TEST_LIBAV'] ?? '';

/** Skips a suite in plain sight where libav is not set up: `avme setup --decoder`. @returns the binding's file */
export function needsLibav(): () => string {
  before(function () {
    if (findLibav(libavForTests()) === undefined) {
      console.log(`      no libav in ${libavForTests()}: avme setup --decoder`);
      this.skip();
    }
  });
  return () => findLibav(libavForTests()) ?? '';
}
