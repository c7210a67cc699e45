import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { COMMANDS } from '../../bin/command-list.js';
import { exitCodeOf, UsageError } from '../../bin/cli/failure.js';
import { bytes, duration, table } from '../../bin/cli/terminal.js';
import { AVME, avme } from '../support/cli.js';
import { scratchFolder } from '../support/media.js';

describe('avme', function () {
  this.timeout(120_000);
  const scratch = scratchFolder();

  it('has help with defaults and an example for every command', async () => {
    const { stdout, code } = await avme(['--help']);
    assert.equal(code, 0);
    for (const { name, load } of COMMANDS) {
      assert.match(stdout, new RegExp(`\\n  ${name} `));
      let own = '';
      (await load()).configureOutput({ writeOut: (text) => (own += text) }).outputHelp();
      assert.match(own, new RegExp(`Example:\\n  avme ${name}`));
    }
    assert.match((await avme(['preprocess', '--help'])).stdout, /--frames <n>[^]*\(default: 16\)/);
  });

  it('knows its version, and refuses commands that it does not have', async () => {
    assert.match((await avme(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
    const unknown = await avme(['preproces']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /unknown command 'preproces'/);
  });

  it('ends without a word when its reader has had enough', async () => {
    // Without native TensorFlow, which has its own words on stderr as it loads.
    const env = { ...process.env, AVME_TENSORFLOW: '/nowhere' };
    const child = spawn(process.execPath, [AVME, 'doctor', '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] }); // prettier-ignore
    child.stdout.destroy();
    const [complaints, ended] = await Promise.all([text(child.stderr), once(child, 'close')]);
    assert.deepEqual([complaints, ended[0]], ['', 141]);
  });

  it('doctor says what is there, what is not and why, and what to do', async () => {
    const { events, code } = await avme(['doctor', '--json']);
    assert.equal(code, 0);
    const found = events[0]!;
    assert.ok(Number(found['cores']) >= 1);
    const backends = found['backends'] as { name: string; available: boolean; reason: string }[];
    assert.deepEqual(
      backends.map(({ name }) => name),
      ['tensorflow', 'webgpu', 'wasm', 'cpu'],
    );
    assert.ok(backends.find(({ name }) => name === 'wasm')?.available);
    assert.ok(backends.every(({ reason }) => reason.length > 0));
    assert.match((found['ffmpeg'] as { version: string }).version, /\w/);
    assert.ok((found['advice'] as string[]).length > 0);
    assert.match((await avme(['doctor'])).stdout, /ffmpeg\s+\S+[^]*wasm\s+yes/);
  });

  it('doctor reports an ffmpeg that does not run', async () => {
    const { stdout, code } = await avme(['doctor'], { env: { AVME_FFMPEG: '/no/such/ffmpeg' } });
    assert.equal(code, 1);
    assert.match(stdout, /ffmpeg does not run/);
  });

  it('the demo goes from nothing to pictures, and goes on where it was stopped', async () => {
    const folder = scratch.path('demo');
    const args = ['demo', '--out', folder, '--steps', '12', '--per-class', '1', '--json'];
    // Chapter, chapter, start, ten videos, chapter, start: then come the steps of the training.
    const first = await avme(args, { kill: { signal: 'SIGINT', afterLines: 17 } });
    assert.equal(first.code, 130, first.stderr);
    const second = await avme(args);
    assert.equal(second.code, 0, second.stderr);
    const done = second.events.at(-1)!;
    assert.deepEqual([done['event'], done['interrupted']], ['done', false]);
    const pictures = Object.values(done['pictures'] as Record<string, string>);
    assert.equal(pictures.length, 3);
    for (const picture of pictures) await access(picture);
  });
});

describe('the terminal’s words', () => {
  it('spans of time', () => {
    assert.deepEqual(
      [duration(3.21), duration(42), duration(245), duration(7800), duration(Infinity)],
      ['3.2 s', '42 s', '4 min 05 s', '2 h 10 min', 'unknown'],
    );
  });
  it('bytes', () => {
    assert.deepEqual(
      [bytes(0), bytes(1023), bytes(1536), bytes(3 * 2 ** 30)],
      ['0 B', '1023 B', '1.5 KiB', '3.0 GiB'],
    );
  });
  it('tables are padded by column', () => {
    assert.equal(table([['a', 'bb'], ['ccc', 'd']]), 'a    bb\nccc  d'); // prettier-ignore
  });
  it('exit codes', () => {
    const abort = new DOMException('stopped', 'AbortError');
    assert.deepEqual(
      [exitCodeOf(new UsageError('x')), exitCodeOf(abort), exitCodeOf(new Error('x'))],
      [2, 130, 1],
    );
  });
});
