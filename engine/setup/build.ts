import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { TENSORFLOW_PACKAGE } from '../backends/tensorflow/home.js';
import type { Tools } from './requirements.js';
import { findNodeHeaders, runTool, type ToolOptions } from './tools.js';

/** What is put together: the package bundles TensorFlow 2.9 of 2022, which knows no newer GPU. */
export const TENSORFLOW_VERSION = '2.21.0';
export const TFJS_VERSION = '4.22.0';

/** What to build, and who is told of it. */
export interface BuildOptions {
  /** The build for NVIDIA GPUs, with their libraries. */
  readonly gpu?: boolean | undefined;
  /** A wheel that was fetched before, instead of asking pip for one. */
  readonly wheel?: string | undefined;
  /** Told what is done next, and what the tools print. */
  readonly onStep?: (words: string) => void;
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The wheel for a machine; those for Linux on x86 come in two, of which the small one has no GPU. */
export function wheelName(gpu: boolean, platform: string, arch: string): string {
  if (gpu) return `tensorflow[and-cuda]==${TENSORFLOW_VERSION}`;
  return platform === 'linux' && arch === 'x64'
    ? `tensorflow-cpu==${TENSORFLOW_VERSION}`
    : `tensorflow==${TENSORFLOW_VERSION}`;
}

/** Wheels that are needed of those that pip fetched: TensorFlow's and NVIDIA's, nothing of Python's. */
const isNeeded = (file: string) => /^(tensorflow|nvidia)[_-]/.test(file) && file.endsWith('.whl');

/** What of TensorFlow's wheel is kept: headers and libraries; the rest is Python's. */
const KEPT = /^(include|libtensorflow_(cc|framework)\..*)$/;

async function fetchWheels(folder: string, { python }: Tools, request: BuildOptions, options: ToolOptions) {
  if (request.wheel !== undefined) return [request.wheel];
  const gpu = request.gpu === true;
  const name = wheelName(gpu, process.platform, process.arch);
  const args = ['-m', 'pip', 'download', '--only-binary=:all:', '--dest', folder];
  await runTool(python, [...args, ...(gpu ? [] : ['--no-deps']), name], options);
  return (await readdir(folder)).filter(isNeeded).map((file) => join(folder, file));
} // prettier-ignore

/** Unpacks the wheels as Python would have them, so that TensorFlow finds NVIDIA's libraries. */
async function unpackWheels(wheels: readonly string[], site: string, { python }: Tools, options: ToolOptions) {
  for (const wheel of wheels) await runTool(python, ['-m', 'zipfile', '-e', wheel, site], options);
  const tensorflow = join(site, 'tensorflow');
  for (const name of await readdir(tensorflow))
    if (!KEPT.test(name)) await rm(join(tensorflow, name), { recursive: true });
} // prettier-ignore

/** The libraries of the wheel under the names that the linker and the loader look for. */
async function linkLibraries(packageFolder: string, tensorflow: string): Promise<void> {
  const deps = join(packageFolder, 'deps');
  const libraries = join(deps, 'lib');
  await mkdir(libraries, { recursive: true });
  // Relative: the folder is moved when all is done, and may be moved later.
  const link = (target: string, folder: string, name: string) =>
    symlink(relative(folder, join(tensorflow, target)), join(folder, name));
  const mac = process.platform === 'darwin';
  const [cc, framework] = ['cc', 'framework'].map((part) =>
    mac ? `libtensorflow_${part}.2.dylib` : `libtensorflow_${part}.so.2`,
  ) as [string, string];
  const names = mac
    ? { 'libtensorflow.2.dylib': cc, [cc]: cc, [framework]: framework }
    : { 'libtensorflow.so': cc, [cc]: cc, 'libtensorflow_framework.so': framework, [framework]: framework }; // prettier-ignore
  for (const [name, target] of Object.entries(names)) await link(target, libraries, name);
  await link('include', deps, 'include');
}

async function compile(packageFolder: string, { nodeGyp }: Tools, options: ToolOptions) {
  const headers = findNodeHeaders();
  const where = headers === undefined ? [] : [`--nodedir=${headers}`];
  const module = [
    '--module_name=tfjs_binding',
    `--module_path=${join(packageFolder, 'lib', 'napi-v8')}`,
    '--napi_build_version=8',
  ];
  const args = [nodeGyp, 'rebuild', ...where, ...module];
  await runTool(process.execPath, args, { ...options, cwd: packageFolder });
}

/**
 * Makes a folder with TensorFlow's wheel, the tfjs-node package and the binding between them, compiled
 * here. The package's own install script, which fetches the old library, is not run.
 */
export async function buildTensorflow(
  folder: string,
  tools: Tools,
  request: BuildOptions,
): Promise<void> {
  const { onStep = () => undefined, onLine, signal } = request;
  const options: ToolOptions = { onLine, signal };
  const [wheels, site] = [join(folder, 'wheels'), join(folder, 'site')];
  const tensorflow = join(site, 'tensorflow');
  await mkdir(wheels, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  onStep(`fetching TensorFlow ${TENSORFLOW_VERSION}${request.gpu === true ? ' with the libraries for NVIDIA GPUs' : ''} with pip`); // prettier-ignore
  const files = await fetchWheels(wheels, tools, request, options);
  onStep('unpacking its libraries');
  await unpackWheels(files, site, tools, options);
  await rm(wheels, { recursive: true });
  onStep(`fetching ${TENSORFLOW_PACKAGE} ${TFJS_VERSION} with npm`);
  await runTool(tools.npm, ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--prefix', folder, `${TENSORFLOW_PACKAGE}@${TFJS_VERSION}`], options); // prettier-ignore
  const packageFolder = join(folder, 'node_modules', TENSORFLOW_PACKAGE);
  await linkLibraries(packageFolder, tensorflow);
  onStep('compiling the binding');
  await compile(packageFolder, tools, options);
  // Headers are for compiling, object files for compiling again.
  await rm(join(packageFolder, 'build'), { recursive: true });
  await rm(join(tensorflow, 'include'), { recursive: true });
}
