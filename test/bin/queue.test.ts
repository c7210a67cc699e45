import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FFMPEG_PATH } from '../../stages/ffmpeg/ffmpeg.js';
import { avme, AVME, refused } from '../support/cli.js';
import { makeVideo, scratchFolder } from '../support/media.js';
import { hasRedis, RedisServer } from '../support/redis.js';
import { slow } from '../support/slow.js';
import { contentOf } from '../torture/support.js';

const OPTIONS = '--frames 4 --stride 2 --size 32 --patch 8 --mask-ratio 0.75'.split(' ');
const SLOW = fileURLToPath(new URL('../../../test/torture/slow-ffmpeg.sh', import.meta.url));
const VIDEOS = 12;
const PARTS = 6;

type Line = Record<string, unknown>;

slow.describe('avme work --queue', function () {
  this.timeout(240_000);
  const scratch = scratchFolder();
  const servers: RedisServer[] = [];
  const workers: ChildProcess[] = [];
  let samples: Awaited<ReturnType<typeof contentOf>>['samples'];

  const serve = async (name: string, ...options: string[]) => {
    const server = await RedisServer.start(scratch.path(name), ...options);
    servers.push(server);
    return server;
  };
  const plan = async (cache: string) => {
    const made = await avme(['plan', scratch.path('videos'), '--cache', scratch.path(cache), '--parts', String(PARTS), ...OPTIONS]); // prettier-ignore
    assert.equal(made.code, 0, made.stderr);
  };

  /** A worker that takes its time, and the events that it told. */
  function begin(cache: string, url: string, delay = '0.15') {
    const child = spawn(process.execPath, [AVME, 'work', scratch.path(cache), '--queue', url, '--json', '--jobs', '1', '--patience', '2'], {
      env: { ...process.env, AVME_FFMPEG: SLOW, REAL_FFMPEG: FFMPEG_PATH, SLOW_SECONDS: delay },
      stdio: ['ignore', 'pipe', 'inherit'],
    }); // prettier-ignore
    workers.push(child);
    const events: Line[] = [];
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      events.push(...lines.map((line) => JSON.parse(line) as Line));
    });
    const end = once(child, 'exit') as Promise<[number | null, string | null]>;
    const told = async (name: string) => {
      while (!events.some(({ event }) => event === name)) {
        if (child.exitCode !== null) throw new Error(`ended before it told ${name}`);
        await setTimeout(20);
      }
    };
    return { child, events, end, told };
  }

  async function merged(cache: string) {
    const { code, stderr } = await avme(['merge', scratch.path(cache)]);
    assert.equal(code, 0, stderr);
    return (await contentOf(scratch.path(cache))).samples;
  }

  before(async function () {
    if (!hasRedis()) this.skip();
    await mkdir(scratch.path('videos'));
    for (let i = 0; i < VIDEOS; i++)
      await makeVideo(scratch.path(`videos/${i}.mp4`), { picture: `testsrc2=s=64x48:r=25,hue=h=${i * 25}`, seconds: 1 }); // prettier-ignore
    const whole = await avme(['preprocess', scratch.path('videos'), '--cache', scratch.path('whole'), ...OPTIONS]); // prettier-ignore
    assert.equal(whole.code, 0, whole.stderr);
    ({ samples } = await contentOf(scratch.path('whole')));
  });
  after(async () => {
    for (const worker of workers) worker.kill('SIGKILL');
    for (const server of servers) await server.kill();
  });

  it('gives each part to one worker, and leaves nothing in Redis; what is done is not given again', async () => {
    const redis = await serve('redis-calm');
    await plan('calm');
    const pair = [begin('calm', redis.url, '0'), begin('calm', redis.url, '0')];
    for (const { end } of pair) assert.deepEqual(await end, [0, null]);
    const parts = pair.flatMap(({ events }) => events.filter(({ event }) => event === 'part-done')).map(({ part }) => Number(part)); // prettier-ignore
    assert.deepEqual(parts.sort(), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(await merged('calm'), samples);
    assert.deepEqual(
      (await redis.keys()).filter((key) => !key.endsWith(':meta')),
      [],
    );
    const again = begin('calm', redis.url);
    assert.deepEqual(await again.end, [0, null]);
    assert.deepEqual(again.events.map(({ event }) => event), ['queue', 'done']); // prettier-ignore
  });

  it('loses nothing to workers killed and frozen, nor to the death of Redis', async () => {
    const redis = await serve('redis-chaos');
    await plan('chaos');
    const [killed, frozen] = [begin('chaos', redis.url), begin('chaos', redis.url)];
    await Promise.all([killed.told('part'), frozen.told('part')]);
    await setTimeout(300);
    killed.child.kill('SIGKILL');
    frozen.child.kill('SIGSTOP');
    const steady = begin('chaos', redis.url);
    await steady.told('part');
    await redis.kill();
    await steady.told('queue-lost');
    await setTimeout(1000);
    await redis.start();
    await steady.told('queue-back');
    // Beyond the life of its lock: its part is given to the other.
    assert.deepEqual(await steady.end, [0, null]);
    frozen.child.kill('SIGCONT');
    assert.deepEqual(await frozen.end, [0, null]);
    assert.deepEqual(await merged('chaos'), samples);
  });

  it('goes on from the plan where Redis has lost everything', async () => {
    const redis = await serve('redis-empty', '--appendonly', 'no');
    await plan('empty');
    const worker = begin('empty', redis.url);
    await worker.told('part');
    const notes = worker.events.find(({ event }) => event === 'queue')?.['notes'];
    assert.match(String(notes), /appendonly is off/);
    await redis.kill();
    await redis.start();
    assert.deepEqual(await worker.end, [0, null]);
    assert.deepEqual(await merged('empty'), samples);
  });

  it('gives a part back when a worker is stopped, though Redis is gone', async () => {
    const redis = await serve('redis-stop');
    await plan('stop');
    const first = begin('stop', redis.url);
    await first.told('part');
    first.child.kill('SIGTERM');
    assert.deepEqual(await first.end, [130, null]);
    assert.equal(first.events.at(-1)?.['interrupted'], true);
    const second = begin('stop', redis.url);
    await second.told('part');
    await redis.kill();
    await second.told('queue-lost');
    second.child.kill('SIGTERM');
    assert.deepEqual(await second.end, [130, null]);
    await redis.start();
    assert.deepEqual(await begin('stop', redis.url, '0').end, [0, null]);
    assert.deepEqual(await merged('stop'), samples);
  });

  it('says what is wrong with an address or a server, and shows no password', async () => {
    const locked = await serve('redis-locked', '--requirepass', 'right');
    const lossy = await serve('redis-lossy', '--maxmemory-policy', 'allkeys-lru');
    await plan('wrong');
    const work = (url: string, code: number, message: RegExp) =>
      refused(['work', scratch.path('wrong'), '--queue', url], code, message);
    const at = `127.0.0.1:${locked.port}`;
    await work(`redis://${at}`, 1, /wants a password: give it before the host/);
    await work(`redis://:wrong@${at}`, 1, /redis:\/\/:…@127[^]*user or password are wrong/);
    await work(lossy.url, 1, /maxmemory-policy is allkeys-lru/);
    await work(lossy.url.replace('redis:', 'rediss:'), 1, /rediss:\/\/ is for servers with TLS/);
    await work('redis://127.0.0.1:1', 1, /nothing listens there/);
    await work('http://me:secret@host', 2, /--queue: got "http:\/\/me:…@host"; must be redis:/);
    await refused(['work', scratch.path('wrong'), '--queue', lossy.url, '--shard', '0/2'], 2, /give one of the two/); // prettier-ignore
  });
});
