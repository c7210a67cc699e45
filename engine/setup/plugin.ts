import { readdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { descriptionFile, descriptionText, findPlugin, xlaHome } from '../backends/xla/home.js';
import { openXla } from '../backends/xla/xla.js';
import { ProgramBuilder } from '../xla/program.js';
import { tensorType } from '../xla/types.js';
import { findTool, runTool, type ToolOptions } from './tools.js';
import { replaceWhole } from './whole-folder.js';

/** NVIDIA's plugin as OpenXLA's pip packages bring it, with the libraries that it needs; for CUDA 13 and 12. */
export const PLUGIN_PACKAGES = {
  cuda13: 'jax-cuda13-plugin[with-cuda]',
  cuda12: 'jax-cuda12-plugin[with-cuda]',
} as const;
export type PluginPackage = keyof typeof PLUGIN_PACKAGES;

export interface PluginRequest {
  /** A plugin's file, instead of asking pip for one. */
  readonly plugin?: string | undefined;
  /** Default `cuda13`; drivers before 580 need `cuda12`. */
  readonly package?: PluginPackage | undefined;
  /** Where to put it; default that of `xlaHome`. */
  readonly folder?: string | undefined;
  /** Fetches again what is there. */
  readonly force?: boolean | undefined;
  /** Told what is done next, and what the tools print. */
  readonly onStep?: (words: string) => void;
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface PluginResult {
  readonly folder: string;
  readonly platform: string;
  readonly device: string;
  /** It was there already, and works. */
  readonly unchanged: boolean;
}

/** A file of a plugin inside what pip has unpacked. @throws Error where there is none */
async function pluginIn(site: string): Promise<string> {
  const folder = join(site, 'jax_plugins');
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  const found = files.find((file) => /(^|[\\/])(xla|pjrt)\w*plugin\w*\.(so|dylib|dll)$/.test(file));
  if (found === undefined) throw new Error(`pip brought no PJRT plugin into ${folder}`);
  return join(folder, found);
}

async function fetchPlugin(folder: string, name: PluginPackage, options: ToolOptions): Promise<string> {
  const python = findTool('python3') ?? findTool('python');
  if (python === undefined)
    throw new Error('Python 3 is not on the PATH; the plugin is fetched by its pip (Debian: apt install python3 python3-pip)');
  const site = join(folder, 'site');
  await runTool(python, ['-m', 'pip', 'install', '--only-binary=:all:', '--target', site, PLUGIN_PACKAGES[name]], options);
  return pluginIn(site);
} // prettier-ignore

/**
 * Tries a plugin with a computation whose result is known.
 * @throws Error saying what went wrong
 */
export async function tryPlugin(file: string): Promise<Pick<PluginResult, 'platform' | 'device'>> {
  const device = await openXla(file);
  try {
    const type = tensorType('f32', [4]);
    const builder = new ProgramBuilder();
    const x = builder.argument('x', type);
    const one = builder.constant([1, 1, 1, 1], type);
    const value = builder.apply('add', [x, one], type);
    const program = await device.compile(builder.finish([{ name: 'x', value, replaces: 'x' }]));
    const [sum] = program.run([device.upload(Float32Array.of(1, 2, 3, 4), type)]);
    const values = sum === undefined ? [] : [...new Float32Array(await sum.read())];
    if (values.join() !== '2,3,4,5')
      throw new Error(`${file} computes wrongly: 1 + (1, 2, 3, 4) gives (${values.join(', ')})`);
    return { platform: device.platform, device: device.devices[0] ?? '' };
  } finally {
    device.dispose();
  }
}

/**
 * Sets up a PJRT plugin, by which XLA runs training steps on a GPU, and tries it. An interrupted run leaves nothing that
 * would be taken for whole.
 * @throws Error saying what is missing, what pip printed when it failed, or why the plugin does not work
 */
export async function setupPlugin(request: PluginRequest): Promise<PluginResult> {
  const { onStep = () => undefined, onLine, signal, force = false } = request;
  const folder = resolve(request.folder ?? xlaHome());
  const there = findPlugin(folder);
  if (there !== undefined && !force && request.plugin === undefined) {
    onStep('a plugin is there; trying it');
    return { ...(await tryPlugin(there.file)), folder, unchanged: true };
  }
  return replaceWhole(folder, async (begun) => {
    const name = request.package ?? 'cuda13';
    if (request.plugin === undefined) onStep(`fetching ${PLUGIN_PACKAGES[name]} with pip`);
    const file =
      request.plugin === undefined
        ? await fetchPlugin(begun, name, { onLine, signal })
        : resolve(request.plugin);
    onStep('trying it with a real computation');
    const tried = await tryPlugin(file);
    const own = request.plugin === undefined;
    const text = descriptionText(own ? { plugin: relative(begun, file), package: PLUGIN_PACKAGES[name] } : { plugin: file }); // prettier-ignore
    await writeFile(descriptionFile(begun), text);
    return { ...tried, folder, unchanged: false };
  });
}
