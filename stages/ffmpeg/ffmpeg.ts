import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import installer from '@ffmpeg-installer/ffmpeg';
import ffmpeg from 'fluent-ffmpeg';
import { openFilesRemedy } from '../../cache/open-files.js';
import { StageError } from '../stage-error.js';
import { CONTAINERS, MAX_PIXELS } from './containers.js';
import { killGroup, pipesOf, startInGroup, watchMemory } from './group.js';
import { FfmpegLog } from './log.js';

/** The largest single block of memory that a file can make ffmpeg ask for: a picture of 2²⁷ pixels has less. */
const MAX_BLOCK = 1 << 30;
/** Times the deadline: CPU time after which ffmpeg ends itself, should nobody live to see to its deadline. */
const CPU_SHARE = 4;
/** What ffmpeg says when it was asked to stop, from outside or for its CPU time. */
const ENDED = /^\[info\] Exiting normally, received signal (\d+)/;
const SIGXCPU = '24';

/** What ffmpeg is to make of a file, and where it goes. */
export interface FfmpegOutput {
  /** Options in front of `-i`. */
  readonly inputOptions?: readonly string[];
  /** Options of its output, which goes to a pipe. */
  readonly outputOptions: readonly string[];
  /** What it may write at most, in bytes: a file's claims are never trusted. */
  readonly maxBytes: number;
  readonly onOutput?: (chunk: Buffer) => void;
}

/** One run of ffmpeg over one local file. */
export interface FfmpegTask extends FfmpegOutput {
  /** The stage that runs it; failures carry its name. */
  readonly stage: string;
  readonly path: string;
  /** What else to make of the file in the same run; it is input 1 there, entered by itself. */
  readonly beside?: FfmpegOutput;
  /** Seconds until it is killed. */
  readonly timeout: number;
  /** GiB of memory at which it is killed; default 4, for 8K HDR takes 2. */
  readonly memory?: number;
  /** Complaints in front of the first line like this are dropped, if it ever comes. */
  readonly complaintsFrom?: RegExp | undefined;
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface FfmpegOutcome {
  /** The exit code was 0, which does not mean that the file is whole. */
  readonly succeeded: boolean;
  /** The first 8 distinct errors that it reported. */
  readonly complaints: readonly string[];
}

/** The binary in use: `AVME_FFMPEG`, or the one that npm installed. */
export const FFMPEG_PATH = process.env.AVME_FFMPEG ?? installer.path;

function cannotStart(reason: string): Error {
  const remedy = openFilesRemedy(new Error(reason)) ?? 'name another one with AVME_FFMPEG';
  return new Error(`cannot start ffmpeg (${FFMPEG_PATH}): ${reason}; ${remedy}`);
}

/**
 * @returns the version, e.g. `N-47683-g0e8eb07980-static`
 * @throws Error when ffmpeg cannot be started; the signal's reason when it did not answer and was aborted
 */
export async function ffmpegVersion(signal?: AbortSignal): Promise<string> {
  // Detached, so that Ctrl-C on a terminal reaches us alone.
  const child = spawn(FFMPEG_PATH, ['-version'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const timer = setTimeout(killGroup, 30_000, child);
  try {
    const [code, killed] = (await once(child, 'close')) as [number | null, string | null];
    if (killed === 'SIGKILL') throw new Error('it does not answer');
    if (code !== 0) throw new Error(`it ends with ${killed ?? `code ${code}`}`);
  } catch (error) {
    // For a moment, before it leads a group of its own, Ctrl-C reaches it as well as us.
    signal?.throwIfAborted();
    throw cannotStart((error as Error).message);
  } finally {
    clearTimeout(timer);
  }
  return /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? 'unknown';
}

/**
 * Runs ffmpeg and returns once its process is gone, however it ended.
 * @throws StageError when it ran past its deadline, wrote or took more than allowed, or was killed
 * @throws Error when ffmpeg cannot be started at all, or somebody else stopped it; the signal's
 *   reason when aborted
 */
export async function runFfmpeg(task: FfmpegTask): Promise<FfmpegOutcome> {
  const { stage, signal, memory = 4 } = task;
  signal?.throwIfAborted();
  let log = new FfmpegLog();
  let warmingUp = task.complaintsFrom !== undefined;
  const state: { child: ChildProcess | null; stop: unknown; ended: string | null } = { child: null, stop: null, ended: null }; // prettier-ignore

  const halt = (reason: unknown) => {
    state.stop ??= reason;
    if (state.child !== null) killGroup(state.child);
  };
  const excess = (words: string) => {
    halt(new StageError(stage, `${words} and was stopped`, '', true));
  };
  let unwatch = () => undefined as unknown;
  const take = ({ maxBytes, onOutput }: FfmpegOutput) => {
    let bytes = 0;
    return (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) excess(`ffmpeg wrote more than ${maxBytes} bytes`);
      else if (state.stop === null) onOutput?.(chunk);
    };
  };
  const takeMain = take(task);
  const sink = new Writable({
    // fluent-ffmpeg takes a closed sink for a failure when the process is slow to leave.
    emitClose: false,
    write(chunk: Buffer, _encoding, done) {
      takeMain(chunk);
      done();
    },
  });
  const command = ffmpeg({ stdoutLines: 1 }).setFfmpegPath(FFMPEG_PATH);
  const enter = ({ inputOptions = [] }: FfmpegOutput) =>
    command
      // An absolute path behind `file:` is data, whatever characters it holds.
      .input(`file:${resolve(task.path)}`)
      .inputOptions('-protocol_whitelist', 'file', '-format_whitelist', CONTAINERS)
      .inputOptions('-max_pixels', String(MAX_PIXELS))
      .inputOptions('-max_alloc', String(Math.min(MAX_BLOCK, Math.floor(memory * 1024 ** 3))))
      .inputOptions('-threads', '1', ...inputOptions);
  enter(task)
    .inputOptions('-nostdin', '-hide_banner', '-nostats', '-loglevel', 'level+info')
    .inputOptions('-timelimit', String(Math.ceil(CPU_SHARE * task.timeout)));
  const { beside } = task;
  if (beside !== undefined) enter(beside);
  command.output(sink).outputOptions('-threads', '1', ...task.outputOptions);
  if (beside !== undefined)
    command.output('pipe:3').outputOptions('-threads', '1', ...beside.outputOptions);
  command.on('stderr', (line: string) => {
    if (warmingUp && task.complaintsFrom?.test(line) === true) {
      log = new FfmpegLog();
      warmingUp = false;
    }
    log.add(line);
    state.ended ??= ENDED.exec(line)?.[1] ?? null;
    task.onLine?.(line);
  });
  let ending: Promise<unknown> = Promise.resolve();
  startInGroup(command, beside === undefined ? 3 : 4, (child) => {
    state.child = child;
    unwatch = watchMemory(child, memory, excess);
    const pipe = pipesOf(child)[3];
    if (beside === undefined || !(pipe instanceof Readable)) return;
    ending = finished(pipe.on('data', take(beside)), { writable: false }).catch(() => undefined);
  });

  const onAbort = () => {
    halt(signal?.reason);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  const deadline = setTimeout(() => {
    excess(`ffmpeg took longer than ${task.timeout} s`);
  }, task.timeout * 1000);
  try {
    const problem = await new Promise<string | null>((settle) => {
      command.on('end', () => { settle(null); }).on('error', (error) => { settle(error.message); }); // prettier-ignore
      command.run();
    });
    if (state.stop !== null) throw state.stop as Error;
    if (state.child?.pid === undefined) throw cannotStart(problem ?? 'unknown');
    await Promise.all([finished(sink), ending]);
    // What it has written when it was stopped is a part, and no one could tell.
    const killed = /killed with signal (\w+)/.exec(problem ?? '');
    // Stopped in order, it says so; no file can make it exit with 255.
    const stopped = problem?.includes('exited with code 255') === true ? state.ended : null;
    if (stopped === SIGXCPU) throw new StageError(stage, `ffmpeg took longer than ${CPU_SHARE * task.timeout} s of CPU time`); // prettier-ignore
    if (stopped !== null || /SIG(?:TERM|INT|HUP)/.test(killed?.[1] ?? ''))
      throw new Error(`somebody stopped ffmpeg while it read ${task.path}; no video is to blame, so run again`); // prettier-ignore
    if (killed !== null)
      throw new StageError(stage, `ffmpeg crashed or was killed (${killed[1] ?? ''})`, log.complaints.join('\n')); // prettier-ignore
    if (problem !== null && log.complaints.length === 0) log.add(`[error] ${problem}`);
    return { succeeded: problem === null, complaints: log.complaints };
  } finally {
    clearTimeout(deadline);
    unwatch();
    signal?.removeEventListener('abort', onAbort);
  }
}
