/**
 * How fast preprocessing is: clips a second and CPU seconds a clip of avme as it is (hash, index,
 * picture, sound, MFCC, mask, durable writes), against ffmpeg alone, one process a clip, output thrown
 * away, and, where Python has PyAV, a script of the usual kind in as many processes. There are two
 * floors: `plain` decodes the span and scales all of its frames, with the sound, as one would type it;
 * `tight` is given the very frames that avme chose, so that no others are scaled. All in turn in every
 * round; medians and spread.
 *
 * Each file of the folder is worked on in several copies, which differ in bytes that no decoder reads,
 * so that what a run costs once is spread over as many clips as in a small data set. What a further clip
 * costs follows from a run over one copy of each.
 *
 *   node dist/bench/preprocess.js [FOLDER] [ROUNDS] [COPIES]
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openCache } from '../cache/reader.js';
import { preprocess } from '../pipeline/preprocess/preprocess.js';
import { FFMPEG_PATH } from '../stages/ffmpeg/ffmpeg.js';
import { makeDemoMedia } from '../experiments/demo/demo-media.js';

const run = promisify(execFile);
const source = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const JOBS = availableParallelism();

/** Clock ticks a second of /proc. */
const TICKS = 100;

/** CPU seconds of this process and of all its children that have ended. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  const stat = readFileSync('/proc/self/stat', 'latin1');
  // Behind the name, which may hold anything: fields 14 and 15 from there are the children's.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (user + system) / 1e6 + (Number(fields[13]) + Number(fields[14])) / TICKS;
}

/** What ffmpeg was asked for by a real run, in place of which the floor asks for the same at once. */
async function recordCommands(folder: string, work: string): Promise<string[][]> {
  const log = join(work, 'commands');
  await mkdir(log);
  const recorder = join(work, 'ffmpeg');
  await writeFile(
    recorder,
    `#!/bin/sh\nfor a in "$@"; do printf '%s\\n' "$a" >> '${log}'/$$; done\nexec '${FFMPEG_PATH}' "$@"\n`,
  );
  await chmod(recorder, 0o755);
  const avme = [source('dist/bin/avme.js'), 'preprocess', folder, '--cache', join(work, 'recorded')]; // prettier-ignore
  await run(process.execPath, avme, {
    env: { ...process.env, AVME_FFMPEG: recorder },
  });
  const files = await readdir(log);
  const texts = await Promise.all(files.map((file) => readFile(join(log, file), 'utf8')));
  return texts.map((text) => text.trimEnd().split('\n'));
}

/** What may follow a file of its container without being read, and makes it another file. */
function padding(name: string, number: number): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(number);
  if (/\.(mp4|mov|m4v)$/i.test(name)) return Buffer.concat([Buffer.from([0, 0, 0, 12]), Buffer.from('free'), word]); // prettier-ignore
  if (/\.(mkv|webm)$/i.test(name)) return Buffer.concat([Buffer.from([0xec, 0x84]), word]);
  return Buffer.concat([Buffer.from('JUNK'), Buffer.from([4, 0, 0, 0]), word]);
}

/** Copies of the videos of a folder, each of another content. */
async function copyVideos(from: string, to: string, copies: number): Promise<void> {
  await mkdir(to);
  const names = (await readdir(from, { recursive: true })).filter((name) => /\.(mp4|mov|m4v|mkv|webm|avi)$/i.test(name)); // prettier-ignore
  for (const name of names) {
    const content = await readFile(join(from, name));
    for (let copy = 0; copy < copies; copy++)
      await writeFile(join(to, `${copy}-${name.replaceAll('/', '-')}`), Buffer.concat([content, padding(name, copy)])); // prettier-ignore
  }
}

/** The same work with nothing to show for it: frames and sound are thrown away, and not talked about. */
function floorCommand(args: readonly string[]): string[] {
  const begin = args.indexOf('-copyts');
  return [
    ...['-nostdin', '-v', 'error'],
    ...args.slice(begin).map((word, i, rest) => {
      if (/^pipe:[13]$/.test(word)) return '-';
      if (rest[i - 1] === '-f') return 'null';
      return word.replace(/,(?:showinfo$|split\[corner\].*$)/, '');
    }),
  ];
}

/** The command that one would type: the span of the clip, scaled and cropped, with its sound. */
function plainCommand({ path, span: [start, end] }: Clip): string[] {
  const picture = 'scale=224:224:force_original_aspect_ratio=increase,crop=224:224,format=rgb24';
  return [
    ...['-nostdin', '-v', 'error', '-threads', '1', '-ss', String(start), '-t', String(end - start)],
    ...['-i', path, '-map', '0:v:0', '-vf', picture, '-f', 'null', '-'],
    ...['-map', '0:a:0?', '-ac', '1', '-ar', '16000', '-f', 'null', '-'],
  ];
} // prettier-ignore

/** One command a clip: of several for the same frames, the first, which has the sound with it. */
function floorCommands(commands: readonly string[][]): string[][] {
  const pictures = new Map<string, string[]>();
  for (const args of commands) {
    const frames = args[args.indexOf('-vf') + 1] ?? '';
    const file = args[args.indexOf('-i') + 1] ?? '';
    if (args.includes('-vf') && args.includes('rawvideo') && !pictures.has(file + frames))
      pictures.set(file + frames, floorCommand(args));
  }
  return [...pictures.values()];
}

async function runFloor(commands: readonly string[][]): Promise<void> {
  const waiting = [...commands];
  const worker = async () => {
    for (let args = waiting.shift(); args !== undefined; args = waiting.shift()) {
      const child = spawn(FFMPEG_PATH, args, { stdio: 'ignore' });
      const [code] = (await once(child, 'close')) as [number | null];
      if (code !== 0) throw new Error(`ffmpeg ended with ${code}: ${args.join(' ')}`);
    }
  };
  await Promise.all(Array.from({ length: JOBS }, worker));
}

/** A clip that avme has made. */
interface Clip {
  readonly path: string;
  readonly times: readonly number[];
  readonly span: readonly [number, number];
}

async function clipsOf(cache: string): Promise<Clip[]> {
  const reader = await openCache(cache);
  const clips = Array.from({ length: reader.size }, (_, i) => {
    const { path, times, span } = reader.header(i);
    return { path, times, span };
  });
  await reader.close();
  return clips;
}

interface Contender {
  readonly name: string;
  readonly clips: number;
  /** @returns seconds, where it measures better itself */
  readonly run: () => Promise<number | undefined>;
}

const PYTHON = ['/usr/bin/python3', 'python3'].find((path) => path === 'python3' || existsSync(path)) ?? 'python3'; // prettier-ignore

/** The script of the usual kind, if Python has what it needs. */
async function pythonPeer(clips: readonly Clip[], work: string): Promise<Contender | undefined> {
  const script = source('bench/peers/preprocess.py');
  const probe = await run(PYTHON, [script, '--probe']).catch(() => undefined);
  if (probe === undefined) {
    process.stdout.write('no Python peer: python3 with av and numpy (and librosa) is not here\n');
    return undefined;
  }
  const list = join(work, 'clips.json');
  await writeFile(list, JSON.stringify(clips));
  return {
    name: `Python (${probe.stdout.trim()})`,
    clips: clips.length,
    run: async () => {
      const { stdout } = await run(PYTHON, [script, list, String(JOBS), join(work, 'peer')]);
      return Number(stdout.trim());
    },
  };
}

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
const median = (values: readonly number[]) => sorted(values)[values.length >> 1] ?? NaN;
const spread = (values: readonly number[], digits: number) => {
  const all = sorted(values);
  return `${median(values).toFixed(digits)} (${(all[0] ?? NaN).toFixed(digits)}–${(all.at(-1) ?? NaN).toFixed(digits)})`;
};

/** avme once more, over so little that one can tell what a run costs but once. */
const FEW = 'avme, one copy of each';

const [given, rounds = '5', copies = '6'] = process.argv.slice(2);
const work = await mkdtemp(join(tmpdir(), 'avme-bench-'));
try {
  const shared = source('../shared/media/everyday');
  const original = given ?? (existsSync(shared) ? shared : join(work, 'media'));
  if (original === join(work, 'media')) await makeDemoMedia(original, 1, () => undefined);
  const folder = join(work, 'videos');
  await copyVideos(original, folder, Number(copies));
  const commands = floorCommands(await recordCommands(folder, work));
  const made = await clipsOf(join(work, 'recorded'));
  const peer = await pythonPeer(made, work);
  const few = join(work, 'few');
  await copyVideos(original, few, 1);
  const avme = (name: string, source: string, clips: number): Contender => ({
    name,
    clips,
    run: async () => {
      const summary = await preprocess({ source, cache: join(work, 'cache') });
      if (summary.written !== clips)
        throw new Error(`avme wrote ${summary.written} clips, the floor makes ${clips}`);
      return undefined;
    },
  });
  const clips = commands.length;
  const once = clips / Number(copies);
  const contenders: Contender[] = [
    avme('avme', folder, clips),
    avme(FEW, few, once),
    { name: 'plain floor', clips, run: async () => { await runFloor(made.map(plainCommand)); return undefined; } },
    { name: 'tight floor', clips, run: async () => { await runFloor(commands); return undefined; } },
    ...(peer === undefined ? [] : [peer]),
  ]; // prettier-ignore
  const seconds = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  const cpu = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = -1; round < Number(rounds); round++)
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const [start, used] = [performance.now(), cpuSeconds()];
      const own = await contender.run();
      const took = own ?? (performance.now() - start) / 1000;
      const spent = cpuSeconds() - used;
      await rm(join(work, 'cache'), { recursive: true, force: true });
      // The first round warms files and code up.
      if (round < 0) continue;
      seconds.get(contender.name)?.push(took);
      cpu.get(contender.name)?.push(spent);
    }
  const ratios = (of: string, to: string) => (seconds.get(to) ?? []).map((value, i) => value / (seconds.get(of)?.[i] ?? NaN)); // prettier-ignore
  process.stdout.write(`${clips} clips of ${original}, ${rounds} rounds, ${JOBS} at a time; medians (least–most)\n`); // prettier-ignore
  for (const { name, clips } of contenders) {
    const rates = (seconds.get(name) ?? []).map((value) => clips / value);
    const each = (cpu.get(name) ?? []).map((value) => (1000 * value) / clips);
    process.stdout.write(`${name.padEnd(30)} ${spread(rates, 2).padEnd(22)} clips/s   ${spread(each, 0).padEnd(16)} ms CPU a clip\n`); // prettier-ignore
  }
  const further = (cpu.get('avme') ?? []).map((value, i) => (value - (cpu.get(FEW)?.[i] ?? NaN)) / (clips - once)); // prettier-ignore
  process.stdout.write(`${'avme, each further clip'.padEnd(30)} ${''.padEnd(22)}           ${spread(further.map((value) => 1000 * value), 0).padEnd(16)} ms CPU\n`); // prettier-ignore
  for (const { name } of contenders.slice(2)) {
    const work = (cpu.get(name) ?? []).map((value) => value / clips);
    const all = work.map((value, i) => (value * clips) / (cpu.get('avme')?.[i] ?? NaN));
    const each = work.map((value, i) => value / (further[i] ?? NaN));
    process.stdout.write(`avme at ${spread(ratios('avme', name), 2)} of the speed of ${name}; by CPU ${spread(all, 2)}, each further clip ${spread(each, 2)}\n`); // prettier-ignore
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
