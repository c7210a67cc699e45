import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';

/** A command of another program that did not succeed. */
export class ToolError extends Error {
  override name = 'ToolError';
}

/** Lines of its output that an error shows. */
const LAST_LINES = 20;

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Told each line that it prints. */
  readonly onLine?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs another program, without a shell.
 * @returns what it wrote to stdout
 * @throws ToolError with the end of what it printed
 */
export async function runTool(
  command: string,
  args: readonly string[],
  { cwd, env, onLine, signal }: ToolOptions = {},
): Promise<string> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  let stdout = '';
  const lines: string[] = [];
  const hear = (text: string) => {
    for (const line of text.split(/[\r\n]+/).filter((part) => part.trim() !== '')) {
      lines.push(line);
      lines.splice(0, lines.length - LAST_LINES);
      onLine?.(line);
    }
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    hear(text);
  });
  child.stderr.setEncoding('utf8').on('data', hear);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  await Promise.allSettled([finished(child.stdout), finished(child.stderr)]);
  const code = await ended;
  if (code !== 0)
    throw new ToolError(
      `"${[command, ...args].join(' ')}" failed (${code === null ? 'stopped' : `exit code ${code}`}):\n  ${lines.join('\n  ')}`,
    );
  return stdout;
}

/** The file of a program on the PATH. */
export function findTool(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The node-gyp that npm brings. */
export function findNodeGyp(npm: string): string | undefined {
  const nearby = ['../node_modules', '../../node_modules', '../lib/node_modules/npm/node_modules'];
  return [npm, realpathSync(npm)]
    .flatMap((path) => nearby.map((near) => join(dirname(path), near, 'node-gyp/bin/node-gyp.js')))
    .find((path) => existsSync(path));
}

/** Folder of the headers that belong to this Node, where they came with it. */
export function findNodeHeaders(): string | undefined {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const given = process.env['npm_config_nodedir'];
  return [given, prefix].find(
    (folder) => folder !== undefined && existsSync(join(folder, 'include/node/node_api.h')),
  );
}
