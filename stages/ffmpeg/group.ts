import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { FfmpegCommand } from 'fluent-ffmpeg';
import { endsWithUs } from './orphans.js';

/** Milliseconds between two looks at it: an ordinary pass is over before the first. */
const LOOK_MS = 250;
/** Longer lines on stderr are none that ffmpeg writes. */
const MAX_LINE = 1 << 20;

/** The output of a process that could not be started. */
const NO_LINES = { get: () => '' };

/** What fluent-ffmpeg, which is complete and will not change any more, keeps to itself. */
interface Internals {
  _prepare(done: (error: Error | null, args: string[]) => void): void;
  _getArguments(): string[];
  _spawnFfmpeg(
    args: string[],
    options: object,
    onStart: (child: ChildProcess, ...rings: unknown[]) => void,
    onEnd: (...result: unknown[]) => void,
  ): void;
}

/**
 * Makes fluent-ffmpeg start ffmpeg at once, without asking it for its encoders first, and as the
 * leader of a process group of its own: it can be killed whole, and Ctrl-C on a terminal reaches us
 * alone, who know what to do about it.
 * @param pipes how many: stdin, stdout and stderr, and what is behind them for further outputs
 * @param onStart is given the process before anything can have happened to it
 */
export function startInGroup(
  command: FfmpegCommand,
  pipes: number,
  onStart: (child: ChildProcess) => void,
): void {
  const inner = command as unknown as Internals;
  const spawn = inner._spawnFfmpeg.bind(command);
  inner._prepare = (done) => {
    done(null, inner._getArguments());
  };
  inner._spawnFfmpeg = (args, options, start, end) => {
    let ended = false;
    // Of a process that could not be started it hands on an error alone, and trips over the rest.
    const endOnce = (error?: unknown, ...rings: unknown[]) => {
      if (ended) return;
      ended = true;
      end(error, ...(rings.length > 0 ? rings : [NO_LINES, NO_LINES]));
    };
    const stdio = Array.from({ length: pipes }, () => 'pipe');
    const onChild = (child: ChildProcess, ...rings: unknown[]) => {
      endsWithUs(child);
      onStart(child);
      start(child, ...rings);
    };
    try {
      spawn(args, { ...options, detached: true, stdio }, onChild, endOnce);
    } catch (error) {
      // For want of descriptors there were no pipes to listen to; the reason comes as an event.
      setImmediate(endOnce, error);
    }
  };
}

/** Whatever its type says, a process that could not be started for want of descriptors has no list. */
export function pipesOf(child: ChildProcess): readonly (Readable | Writable | null | undefined)[] {
  const { stdio } = child as { stdio: ChildProcess['stdio'] | undefined };
  return stdio ?? [];
}

/** Kills a process with all its children, and lets go of its pipes even if one of them holds on. */
export function killGroup(child: ChildProcess): void {
  try {
    // Windows has no process groups.
    if (child.pid === undefined || process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // All of it has ended already.
  }
  for (const pipe of pipesOf(child).slice(1)) pipe?.destroy();
}

function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  } catch {
    // It has ended, or this is no Linux.
    return 0;
  }
}

/**
 * Watches that a process does not fill the memory: its own, or ours with a line without an end.
 * @param gib how much it may have, resident; where the system tells (Linux)
 * @param onExcess is told in words
 * @returns ends the watch
 */
export function watchMemory(
  child: ChildProcess,
  gib: number,
  onExcess: (words: string) => void,
): () => void {
  let line = 0;
  child.stderr?.on('data', (text: string | Buffer) => {
    const end = text.lastIndexOf('\n');
    line = end < 0 ? line + text.length : text.length - end - 1;
    if (line > MAX_LINE) onExcess(`ffmpeg wrote a line of more than ${MAX_LINE} characters`);
  });
  const timer = setInterval(() => {
    if (child.pid !== undefined && residentBytes(child.pid) > gib * 1024 ** 3)
      onExcess(`ffmpeg took more than ${gib} GiB of memory`);
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
  };
}
