import { findNodeGyp, findTool, runTool, ToolError } from './tools.js';

/** What the building needs, where it was found. */
export interface Tools {
  readonly npm: string;
  readonly python: string;
  readonly nodeGyp: string;
}

async function hasPip(python: string): Promise<boolean> {
  try {
    await runTool(python, ['-m', 'pip', '--version']);
    return true;
  } catch (error) {
    if (error instanceof ToolError) return false;
    throw error;
  }
}

/**
 * Finds the programs that the building needs.
 * @throws Error with one sentence for each that is missing, saying what to install
 */
export async function findTools(): Promise<Tools> {
  if (process.platform === 'win32')
    throw new Error(
      'TensorFlow for Windows comes without the library that this needs; run avme inside WSL, where everything works, or go on with the wasm backend',
    );
  const missing: string[] = [];
  const npm = findTool('npm');
  const python = findTool('python3') ?? findTool('python');
  if (npm === undefined) missing.push('npm is not on the PATH; it comes with Node.');
  if (python === undefined)
    missing.push('Python 3 is not on the PATH; TensorFlow is fetched by its pip (Debian: apt install python3 python3-pip).'); // prettier-ignore
  else if (!(await hasPip(python)))
    missing.push(`${python} has no pip, which fetches TensorFlow (Debian: apt install python3-pip).`); // prettier-ignore
  for (const tool of ['make', 'c++'])
    if (findTool(tool) === undefined)
      missing.push(`${tool} is not on the PATH; the binding between Node and TensorFlow is compiled (Debian: apt install build-essential; macOS: xcode-select --install).`); // prettier-ignore
  const nodeGyp = npm === undefined ? undefined : findNodeGyp(npm);
  if (npm !== undefined && nodeGyp === undefined)
    missing.push('npm was found, but not the node-gyp inside it; install npm anew (npm install -g npm).'); // prettier-ignore
  if (npm === undefined || python === undefined || nodeGyp === undefined || missing.length > 0)
    throw new Error(`native TensorFlow cannot be set up yet:\n  ${missing.join('\n  ')}`);
  return { npm, python, nodeGyp };
}
