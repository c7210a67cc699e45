import { findLibav, libavHome } from '../../stages/libav/home.js';

/** Skips a suite in plain sight where libav is not set up: `avme setup --decoder`. @returns the binding's file */
export function needsLibav(): () => string {
  before(function () {
    if (findLibav() === undefined) {
      console.log(`      no libav in ${libavHome()}: avme setup --decoder`);
      this.skip();
    }
  });
  return () => findLibav() ?? '';
}
