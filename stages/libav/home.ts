import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { userData } from '../../engine/backends/tensorflow/home.js';

/** The release of node-av's binding that avme is tested with: another one may give other frames. */
export const LIBAV_RELEASE = '6.1.1';

/** Of node-av's packages, the one with the binding for this system: no dependencies, nothing built. */
export const libavPackage = (): string =>
  `@seydx/node-av-${process.platform}-${process.arch}${process.platform === 'win32' ? '-msvc' : ''}`;

/**
 * The folder that `avme setup --decoder` puts libav into: `AVME_LIBAV`, or one of the user's, which no
 * reinstall of avme touches.
 */
export const libavHome = (): string =>
  process.env['AVME_LIBAV'] ?? join(userData(), 'avme', 'libav');

/** The file of the binding in a folder; undefined where there is none. */
export function findLibav(home = libavHome()): string | undefined {
  const file = join(home, 'node_modules', libavPackage(), 'node-av.node');
  return existsSync(file) ? file : undefined;
}
