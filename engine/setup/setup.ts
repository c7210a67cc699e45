import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { hasTensorflow, tensorflowHome } from '../backends/tensorflow/home.js';
import { buildTensorflow, TENSORFLOW_VERSION, TFJS_VERSION, type BuildOptions } from './build.js';
import { checkTensorflow, type TensorflowCheck } from './check.js';
import { findTools } from './requirements.js';
import { replaceWhole } from './whole-folder.js';

export interface SetupRequest extends BuildOptions {
  /** Where to put it; default that of `tensorflowHome`. */
  readonly folder?: string | undefined;
  /** Builds again what is there. */
  readonly force?: boolean | undefined;
}

export interface SetupResult extends TensorflowCheck {
  readonly folder: string;
  /** It was there already, and works. */
  readonly unchanged: boolean;
}

/** What `setup` leaves beside what it built. */
const description = z.object({ tensorflow: z.string(), tfjs: z.string(), gpu: z.boolean() });
const DESCRIPTION = 'avme-tensorflow.json';

async function isThere(folder: string, gpu: boolean): Promise<boolean> {
  if (!hasTensorflow(folder)) return false;
  const text = await readFile(join(folder, DESCRIPTION), 'utf8').catch(() => '{}');
  const found = description.safeParse(JSON.parse(text));
  if (!found.success) return false;
  const { tensorflow, tfjs, gpu: has } = found.data;
  return tensorflow === TENSORFLOW_VERSION && tfjs === TFJS_VERSION && (has || !gpu);
}

/**
 * Puts a current TensorFlow under tfjs-node, in a folder of the user's that no reinstall of avme
 * touches, and tries it with a real computation. Safe to run twice; an interrupted run leaves nothing
 * that would be taken for whole.
 * @throws Error saying which tools are missing, or what a tool printed when it failed
 */
export async function setup(request: SetupRequest): Promise<SetupResult> {
  const { gpu = false, force = false, onStep = () => undefined } = request;
  const folder = resolve(request.folder ?? tensorflowHome());
  if (!force && (await isThere(folder, gpu))) {
    onStep('TensorFlow is there; trying it');
    return { ...(await checkTensorflow(folder, request.signal)), folder, unchanged: true };
  }
  const tools = await findTools();
  return replaceWhole(folder, async (begun) => {
    await buildTensorflow(begun, tools, { ...request, gpu });
    onStep('trying it with a real computation');
    const check = await checkTensorflow(begun, request.signal);
    const about = { tensorflow: TENSORFLOW_VERSION, tfjs: TFJS_VERSION, gpu };
    await writeFile(join(begun, DESCRIPTION), `${JSON.stringify(about, null, 2)}\n`);
    return { ...check, folder, unchanged: false };
  });
}
