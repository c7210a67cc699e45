import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { openCache } from '../../cache/reader.js';
import { readQuarantine } from '../../cache/quarantine.js';
import { FFMPEG_PATH } from '../../stages/ffmpeg/ffmpeg.js';
import { avme } from '../support/cli.js';
import { makeVideo, scratchFolder } from '../support/media.js';
import { disguises, externalTrack } from './disguises.js';
import { LONG } from './support.js';

const OPTIONS = '--frames 4 --stride 2 --size 32 --patch 8 --mask-ratio 0.75'.split(' ');
const run = promisify(execFile);

/** Names that a shell, ffmpeg, a URL, a pattern, a terminal or JSON would take for something else. */
const NAMES = [
  `it's "quoted" \`twice\`.mp4`,
  '-i.mp4',
  '--help.mp4',
  '-.mp4',
  '%d.mp4',
  '%03d%s%n.mp4',
  'file:x.mp4',
  'http:..mp4',
  'concat:a.mp4|b.mp4',
  'pipe:0.mp4',
  'data:text;base64,AAAA.mp4',
  'subfile,,start,0,end,0,,:x.mp4',
  'a;b&c|d>e<f$(g)${h}.mp4',
  'back\\slash\\.mp4',
  'new\nline.mp4',
  'carriage\rreturn\t.mp4',
  '\u001b[31mred\u001b[2J.mp4',
  ' spaces  .mp4',
  'te[s]t_*?{a,b}.mp4',
  'ünïcödé-日本語-🎬-e\u0301.mp4',
  'comma,colon:equals=.mp4',
  `${'x'.repeat(251)}.mp4`,
  `${'日'.repeat(83)}.mp4`,
];

describe('names are data', function () {
  this.timeout(300_000);
  const scratch = scratchFolder();

  it('whatever they hold: found, read, told, found again', async () => {
    const source = scratch.path('videos');
    const cache = scratch.path('cache');
    for (const [i, name] of NAMES.entries()) {
      await mkdir(join(source, `class ${i}`), { recursive: true });
      await makeVideo(join(source, `class ${i}`, name), { seconds: 0.4 + i / 25 });
    }
    const made = await avme(['preprocess', source, '--cache', cache, '--json', ...OPTIONS]);
    assert.equal(made.code, 0, made.stderr);
    assert.equal(made.events.at(-1)?.['written'], NAMES.length, made.stdout);
    const reader = await openCache(cache);
    const headers = Array.from({ length: reader.size }, (_, i) => reader.header(i));
    await reader.close();
    const read = new Map(headers.map(({ path, flags }) => [basename(path), flags.audioPresent]));
    for (const name of NAMES) assert.equal(read.get(name), true, JSON.stringify(name));
    // As a list, with names relative to it, that is what they are too.
    const list = join(source, 'list.jsonl');
    const lines = NAMES.map((name, i) =>
      JSON.stringify({ path: `class ${i}/${name}`, label: 'x' }),
    );
    await writeFile(list, lines.join('\n'));
    const again = await avme(['preprocess', list, '--cache', cache, '--json', ...OPTIONS]);
    assert.equal(again.events.at(-1)?.['skipped'], NAMES.length, again.stdout);
  });

  it('also where they go wrong: the quarantine keeps them, a terminal is not run by them', async () => {
    const source = scratch.path('bad');
    const cache = scratch.path('bad-cache');
    await mkdir(source);
    for (const [i, name] of NAMES.entries()) await writeFile(join(source, name), `no video ${i}`);
    const { code, stdout, stderr } = await avme([
      'preprocess',
      source,
      '--cache',
      cache,
      ...OPTIONS,
    ]);
    assert.equal(code, 0, stderr);
    const quarantine = await readQuarantine(cache);
    assert.deepEqual(quarantine.map(({ id }) => id).sort(), [...NAMES].sort());
    assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f]/);
    // They all have one cause: a few are told, the rest is counted.
    assert.equal(stdout.split('\n').filter((line) => line.startsWith('quarantined ')).length, 5);
    assert.match(
      stdout,
      new RegExp(`^${NAMES.length} videos: the index \\(moov\\) is missing`, 'm'),
    );
    const looked = await avme(['inspect', cache]);
    assert.equal(looked.code, 0, looked.stderr);
    assert.doesNotMatch(looked.stdout, /[\x00-\x09\x0b-\x1f\x7f]/);
  });

  it('and those that no file can have cost nobody else anything', async () => {
    const list = scratch.path('null.jsonl');
    const paths = ['a\0b.mp4', `${'x'.repeat(300)}.mp4`, '.', '/', 'x/../y'];
    await writeFile(list, paths.map((path) => `${JSON.stringify({ path })}\n`).join(''));
    const cache = scratch.path('null');
    const { code, stderr } = await avme(['preprocess', list, '--cache', cache, ...OPTIONS]);
    assert.equal(code, 0, stderr);
    assert.deepEqual((await readQuarantine(cache)).map(({ cause }) => cause).sort(), [
      'it is no ordinary file',
      'it is no ordinary file',
      'its name is too long',
      'no file can have this name: there is a null character in it',
      'the file does not exist',
    ]);
  });
});

describe('a video cannot make us read anything else', function () {
  this.timeout(300_000);
  const scratch = scratchFolder();
  let canary = '';
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.end();
  });

  before(async () => {
    canary = await makeVideo(scratch.path('canary.mp4'), { seconds: 1 });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await mkdir(scratch.path('disguised'));
    const files = await disguises(canary, `http://127.0.0.1:${port}/video.mp4`);
    for (const [name, bytes] of Object.entries(files))
      await writeFile(scratch.path(`disguised/${name}`), bytes);
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  /** Sets the time of the last reading into the past; file systems that keep it tell of the next. */
  async function unread(path: string): Promise<() => Promise<boolean>> {
    const past = new Date(Date.now() - 1e9);
    await utimes(path, past, new Date());
    return async () => (await stat(path)).atimeMs > past.getTime() + 1000;
  }

  it('playlists, scripts, references: refused, and what they name stays unread', async function () {
    const probe = await unread(canary);
    await readFile(canary);
    if (!(await probe())) {
      process.stdout.write('      this file system does not say when a file was read\n');
      this.skip();
    }
    const wasRead = await unread(canary);
    const cache = scratch.path('cache');
    const { events, stderr } = await avme(['preprocess', scratch.path('disguised'), '--cache', cache, '--json', ...OPTIONS]); // prettier-ignore
    assert.equal(events.at(-1)?.['written'], 0, `${stderr}${JSON.stringify(events.at(-1))}`);
    assert.equal(await wasRead(), false, 'the canary was read');
    assert.deepEqual(requests, []);
  });

  it('these files would work on an ffmpeg that lets them', async () => {
    // Without this, the test above could pass on files that are harmless for another reason.
    const wasRead = await unread(canary);
    await writeFile(scratch.path('external.mov'), await externalTrack(canary));
    const free = ['-enable_drefs', '1', '-use_absolute_path', '1'];
    await run(FFMPEG_PATH, ['-loglevel', 'error', ...free, '-i', scratch.path('external.mov'), '-f', 'null', '-']).catch(() => undefined); // prettier-ignore
    assert.equal(await wasRead(), true, 'the external track is none');
    const all = ['-loglevel', 'error', '-protocol_whitelist', 'file,http,tcp,crypto'];
    for (const name of ['hls.mp4', 'hls-http.mp4', 'concat.avi']) {
      const safe = name === 'concat.avi' ? ['-safe', '0'] : [];
      const again = await unread(canary);
      const before = requests.length;
      const args = [
        ...all,
        ...safe,
        ...(name.startsWith('hls') ? ['-allowed_extensions', 'ALL'] : []),
      ];
      await run(FFMPEG_PATH, [...args, '-i', scratch.path(`disguised/${name}`), '-f', 'null', '-']).catch(() => undefined); // prettier-ignore
      assert.ok((await again()) || requests.length > before, name);
    }
  });

  it('no ffmpeg opens anything but its video, as the system sees it', async function () {
    const log = scratch.path('strace');
    const traced = LONG && (await run('strace', ['-V']).then(() => true, () => false)); // prettier-ignore
    if (!traced) this.skip();
    await copyFile(canary, scratch.path('disguised/a real one.mp4'));
    const cli = new URL('../../bin/avme.js', import.meta.url).pathname;
    const args = ['-f', '-e', 'trace=open,openat,socket,connect,execve', '-s', '4096', '-o', log, process.execPath, cli]; // prettier-ignore
    await run('strace', [...args, 'preprocess', scratch.path('disguised'), '--cache', scratch.path('traced'), ...OPTIONS]); // prettier-ignore
    const lines = (await readFile(log, 'utf8')).split('\n');
    const ffmpegs = new Set(lines.filter((line) => / execve\("[^"]*ffmpeg"/.test(line)).map((line) => line.split(' ')[0])); // prettier-ignore
    assert.ok(ffmpegs.size > 5);
    let opened = 0;
    for (const line of lines.filter((line) => ffmpegs.has(line.split(' ')[0]))) {
      assert.doesNotMatch(line, / (socket|connect)\(/);
      const path = / open(?:at)?\((?:AT_FDCWD, )?"((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
      if (path === undefined) continue;
      if (path.startsWith(scratch.path('disguised/'))) opened++;
      else assert.match(path, /^\/(etc\/(ld\.so|localtime)|lib|usr\/lib|proc\/(self|cpuinfo|stat)|sys\/|dev\/(null|urandom))/, line); // prettier-ignore
    }
    assert.ok(opened > 5);
  });
});
