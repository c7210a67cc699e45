import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The package that brings native TensorFlow. */
export const TENSORFLOW_PACKAGE = '@tensorflow/tfjs-node-gpu';

/** Where data of a user's programs lies on this system. */
export function userData(): string {
  const { XDG_DATA_HOME: given, LOCALAPPDATA: windows } = process.env;
  if (process.platform === 'win32') return windows ?? join(homedir(), 'AppData', 'Local');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support');
  return given ?? join(homedir(), '.local', 'share');
}

/**
 * The folder that `avme setup` puts TensorFlow into: `AVME_TENSORFLOW`, or one of the user's, which no
 * reinstall of avme touches.
 */
export const tensorflowHome = (): string =>
  process.env['AVME_TENSORFLOW'] ?? join(userData(), 'avme', 'tensorflow');

/** Whether there is a native TensorFlow in a folder, with its binding. */
export const hasTensorflow = (home: string): boolean =>
  existsSync(join(home, 'node_modules', TENSORFLOW_PACKAGE, 'lib', 'napi-v8', 'tfjs_binding.node'));
