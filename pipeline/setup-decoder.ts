import { resolve } from 'node:path';
import { findTool, runTool } from '../engine/setup/tools.js';
import { replaceWhole } from '../engine/setup/whole-folder.js';
import { LibavDecoder } from '../stages/libav/decoder.js';
import { findLibav, libavHome, libavPackage, LIBAV_RELEASE } from '../stages/libav/home.js';

export interface DecoderSetupRequest {
  /** Where to put it; default that of `libavHome`. */
  readonly folder?: string | undefined;
  /** Fetches again what is there. */
  readonly force?: boolean | undefined;
  readonly onStep?: (words: string) => void;
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface DecoderSetupResult {
  readonly folder: string;
  /** libav's. */
  readonly version: string;
  /** It was there already, and works. */
  readonly unchanged: boolean;
}

/** Loads it in a child process. @returns its version @throws Error saying why it does not load */
export async function tryLibav(file: string): Promise<string> {
  const decoder = new LibavDecoder(file, 1, 4);
  try {
    return await decoder.hello();
  } finally {
    await decoder.close();
  }
}

/**
 * Puts libav, as node-av brings it, into a folder of the user's, and loads it. An interrupted run
 * leaves nothing that would be taken for whole.
 * @throws Error saying what is missing, what npm printed when it failed, or why it does not load
 */
export async function setupDecoder(request: DecoderSetupRequest = {}): Promise<DecoderSetupResult> {
  const { onStep = () => undefined, onLine, signal, force = false } = request;
  const folder = resolve(request.folder ?? libavHome());
  const there = findLibav(folder);
  if (there !== undefined && !force) {
    onStep('libav is there; trying it');
    return { folder, version: await tryLibav(there), unchanged: true };
  }
  const npm = findTool('npm');
  if (npm === undefined) throw new Error('npm is not on the PATH; it comes with Node.js');
  return replaceWhole(folder, async (begun) => {
    const wanted = `${libavPackage()}@${LIBAV_RELEASE}`;
    onStep(`fetching ${wanted} with npm`);
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts'];
    await runTool(npm, ['install', ...quiet, '--prefix', begun, wanted], { onLine, signal });
    const file = findLibav(begun);
    if (file === undefined) throw new Error(`npm brought no binding for ${libavPackage()}`);
    onStep('loading it');
    const version = await tryLibav(file);
    return { folder, version, unchanged: false };
  });
}
