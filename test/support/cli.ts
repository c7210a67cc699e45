import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { run } from '../../bin/cli/run.js';

export const AVME = fileURLToPath(new URL('../../bin/avme.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** JSON lines of stdout. */
  readonly events: readonly Record<string, unknown>[];
}

export interface CliOptions {
  /** Signal to send, and after how many lines of stdout. */
  readonly kill?: { readonly signal: NodeJS.Signals; readonly afterLines: number };
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Is given the process as soon as it has started. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** Runs the built command line as a user does. */
export function avme(
  args: readonly string[],
  { kill, cwd, env, onStart }: CliOptions = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [AVME, ...args], {
      cwd,
      env: { ...process.env, ...env },
    });
    onStart?.(child);
    let stdout = '';
    let stderr = '';
    let lines = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const before = lines;
      lines += text.split('\n').length - 1;
      if (kill !== undefined && before < kill.afterLines && lines >= kill.afterLines)
        child.kill(kill.signal);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const events = stdout
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      resolve({ code, stdout, stderr, events });
    });
  });
}

/** Refusals run one after another: a process has one set of commands. */
let turn = Promise.resolve();

/**
 * The command ends with this exit code and one clear sentence, no stack trace. It runs in this
 * process, by what `bin/avme.ts` calls: most of a refusal's time is the start of a process.
 */
export function refused(args: readonly string[], code: number, message: RegExp): Promise<void> {
  const refusal = async () => {
    let said = '';
    const before = process.exitCode;
    const ended = await run(args, (text) => (said += text));
    process.exitCode = before;
    assert.equal(ended, code, said);
    assert.match(said, message);
    assert.doesNotMatch(said, /\n\s+at /, 'no stack trace');
  };
  const mine = turn.then(refusal);
  turn = mine.catch(() => undefined);
  return mine;
}
