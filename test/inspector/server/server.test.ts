import assert from 'node:assert/strict';
import { open, readdir } from 'node:fs/promises';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { serve, type InspectServer } from '../../../inspector/server/server.js';
import { openCache } from '../../../cache/reader.js';
import { openCacheWriter } from '../../../cache/writer.js';
import { Inspection } from '../../../inspector/views/inspection.js';
import type { ListAnswer, OverviewAnswer, SampleAnswer } from '../../../inspector/views/answers.js'; // prettier-ignore
import { makeSample, OPTIONS } from '../../cache/support.js';
import { scratchFolder } from '../../support/media.js';

interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const SAMPLES = 30;

describe('the inspector’s server', () => {
  const { path } = scratchFolder();
  let inspection: Inspection;
  let server: InspectServer;
  let port = 0;

  /** As a client that may ask for anything: paths go out as they are. */
  function ask(
    target: string,
    { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    // prettier-ignore
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path: target, method, headers }, (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) }); // prettier-ignore
        });
      });
      asked.on('error', reject).end();
    });
  }
  const json = async <T>(target: string) => JSON.parse((await ask(target)).body.toString()) as T;
  const problem = async (target: string) => {
    const { status, body } = await ask(target);
    return { status, error: (JSON.parse(body.toString()) as { error: string }).error };
  };

  before(async () => {
    const writer = await openCacheWriter(path('cache'), OPTIONS);
    for (let i = 0; i < SAMPLES; i++) await writer.put(makeSample(i));
    await writer.seal();
    inspection = await Inspection.open([path('cache')], 'wasm');
    server = await serve(inspection, 0);
    port = Number(new URL(server.url).port);
  });
  after(async () => {
    await server.close();
    await inspection.close();
  });

  it('listens on this machine only', async () => {
    assert.equal(new URL(server.url).hostname, '127.0.0.1');
    await assert.rejects(
      new Promise((resolve, reject) => connect(port, '127.0.0.2', () => { resolve(0); }).on('error', reject)), // prettier-ignore
    );
  });

  it('gives the page, which may ask nobody else', async () => {
    const { status, headers, body } = await ask('/');
    assert.equal(status, 200);
    assert.match(body.toString(), /<script src="page.js">/);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.equal(headers['access-control-allow-origin'], undefined);
    assert.equal((await ask('/page.js')).headers['content-type'], 'text/javascript; charset=utf-8');
    assert.equal((await ask('/page.css')).status, 200);
  });

  it('tells what the cache holds', async () => {
    const { samples, labels, splits, surveyed, quarantined } = await json<OverviewAnswer>('/api/caches/0'); // prettier-ignore
    assert.deepEqual([samples, quarantined], [SAMPLES, 0]);
    assert.equal(labels.reduce((sum, [, count]) => sum + count, 0), SAMPLES); // prettier-ignore
    assert.deepEqual(splits, [['test', 15], ['train', 15]]); // prettier-ignore
    assert.ok(surveyed <= 1);
    await inspection.cache(0).surveyed();
    const { survey } = await json<OverviewAnswer>('/api/caches/0');
    assert.ok(survey !== null);
    assert.equal(survey.sound, 24);
    assert.deepEqual(survey.sizes, [['8×8', SAMPLES]]);
    assert.deepEqual(survey.durations.bins, [{ from: 0.33, to: 0.33, count: SAMPLES }]);
  });

  it('lists samples in pieces, filtered', async () => {
    const all = await json<ListAnswer>('/api/caches/0/samples?from=10&count=5');
    assert.deepEqual(all.items.map(({ index }) => index), [10, 11, 12, 13, 14]); // prettier-ignore
    const some = await json<ListAnswer>(
      '/api/caches/0/samples?label=class-1&split=test&flags=sound',
    );
    assert.ok(some.total > 0 && some.total < 10);
    assert.ok(some.items.every(({ label, split, flags }) => label === 'class-1' && split === 'test' && (flags! & 1) === 1)); // prettier-ignore
    const found = await json<ListAnswer>(
      `/api/caches/0/samples?q=${encodeURIComponent('ÜNÏ "7"')}`,
    );
    assert.equal(found.total, 1, 'by its path');
    assert.equal((await json<ListAnswer>('/api/caches/0/samples?from=99')).items.length, 0);
  });

  it('tells everything of a sample, and what stands beside it in the list', async () => {
    const list = await json<ListAnswer>('/api/caches/0/samples?label=class-2');
    const { index, key } = list.items[1]!;
    const sample = await json<SampleAnswer>(`/api/caches/0/samples/${index}?label=class-2`);
    const original = makeSample(Number(key.slice(4)));
    assert.deepEqual(sample.times, original.header.times);
    assert.equal(sample.mask.bits, original.mask.join(''));
    assert.deepEqual([sample.position, sample.previous?.index, sample.next?.index], [1, list.items[0]!.index, list.items[2]!.index]); // prettier-ignore
    assert.deepEqual(await json(`/api/caches/0/find?key=${key}`), { index });
    const outside = await json<SampleAnswer>(`/api/caches/0/samples/${index}?label=class-1`);
    assert.deepEqual([outside.position, outside.next], [null, null]);
  });

  it('draws masks, thumbnails and films', async () => {
    const mask = (query: string) => json<{ bits: string }>(`/api/caches/0/samples/3/mask?${query}`);
    const half = await mask('ratio=0.5&seed=1');
    assert.equal(half.bits.replaceAll('0', '').length, 2);
    assert.deepEqual(await mask('ratio=0.5&seed=1'), half);
    const bits = new Set(await Promise.all([1, 2, 3, 4, 5, 6].map(async (seed) => (await mask(`ratio=0.5&seed=${seed}`)).bits))); // prettier-ignore
    assert.ok(bits.size > 1, 'another seed, another mask');
    const thumbnail = await ask('/api/caches/0/samples/3/thumbnail');
    assert.equal(thumbnail.headers['content-type'], 'image/webp');
    assert.equal(thumbnail.body.toString('latin1', 8, 12), 'WEBP');
    const film = await ask('/api/caches/0/samples/3/film');
    assert.deepEqual([film.body.readUInt32BE(16), film.body.readUInt32BE(20)], [8, 32]);
  });

  it('has no sound of a clip whose source is gone, and says so', async () => {
    const silent = (await json<ListAnswer>('/api/caches/0/samples?flags=-sound')).items[0]!.index;
    const heard = (await json<ListAnswer>('/api/caches/0/samples?flags=sound')).items[0]!.index;
    assert.deepEqual(await problem(`/api/caches/0/samples/${silent}/sound`), { status: 404, error: 'this clip has no sound' }); // prettier-ignore
    const { status, error } = await problem(`/api/caches/0/samples/${heard}/sound`);
    assert.equal(status, 410);
    assert.match(error, /cannot be read any more: the file does not exist/);
  });

  describe('turns away', () => {
    it('paths that lead elsewhere', async () => {
      const secret = join(path('cache'), 'manifest.json');
      for (const target of [
        '/../../etc/passwd',
        '/..%2f..%2fetc%2fpasswd',
        '/api/../manifest.json',
        '/api/caches/..',
        '/api/caches/0/../../x',
        '/api/caches/%2e%2e',
        '//etc/passwd',
        `/api/${secret}`,
        '/manifest.json',
        '/page.js/',
        '/api/caches/0/samples/0/film/../../../x',
        '/api/caches/0/samples/0%00',
        'http://127.0.0.1/etc/passwd',
        '/api/',
        '/favicon.ico',
      ]) {
        // prettier-ignore
        const { status, body } = await ask(target);
        assert.equal(status, 404, target);
        assert.doesNotMatch(body.toString(), /root:|avme-cache/);
      }
    });
    it('numbers of what is not there, however large', async () => {
      for (const target of [
        '/api/caches/1',
        '/api/runs/0',
        `/api/caches/0/samples/${SAMPLES}`,
        '/api/caches/0/samples/4294967296/film',
        '/api/caches/0/samples/99999999999999999999999',
        `/api/caches/${'9'.repeat(400)}`,
        '/api/caches/0/samples/-1',
        '/api/caches/0/samples/1e1',
        '/api/caches/0/samples/0x1',
        `/api/caches/0/samples/${SAMPLES}/thumbnail`,
      ]) {
        // prettier-ignore
        assert.equal((await problem(target)).status, 404, target);
      }
    });
    it('questions that make no sense, naming what is wrong', async () => {
      for (const [target, why] of [
        ['/api/caches/0/samples?count=100000', /count/],
        ['/api/caches/0/samples?from=-1', /from/],
        ['/api/caches/0/samples?from=abc', /from/],
        ['/api/caches/0/samples/1/mask?ratio=2', /ratio/],
        ['/api/caches/0/samples/1/mask?ratio=0.01', /hides 0 of 4/],
        ['/api/caches/0/samples/1/film?side=1000000', /side/],
        ['/api/caches/0/samples/1/film?format=exe', /format/],
      ] as const) {
        const { status, error } = await problem(target);
        assert.equal(status, 400, target);
        assert.match(error, why);
      }
      assert.equal((await problem('/api/caches/0/find?key=nothing')).status, 404);
      assert.equal((await problem('/api/caches/0/find?key=__proto__')).status, 404);
    });
    it('other methods, other names, other sites', async () => {
      const post = await ask('/api/caches/0', { method: 'POST' });
      assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
      assert.equal((await ask('/', { headers: { host: 'evil.example' } })).status, 421);
      assert.equal((await ask('/api/caches/0', { headers: { host: `evil.example:${port}` } })).status, 421); // prettier-ignore
      assert.equal((await ask('/api/caches/0', { headers: { 'sec-fetch-site': 'cross-site' } })).status, 403); // prettier-ignore
    });
    it('but HEAD is a question too', async () => {
      const { status, body, headers } = await ask('/api/sources', { method: 'HEAD' });
      assert.deepEqual([status, body.length], [200, 0]);
      assert.ok(Number(headers['content-length']) > 0);
    });
  });

  it('a damaged record is refused with its name, and the others are shown', async () => {
    const reader = await openCache(path('cache'));
    const { key } = reader.entry(7);
    await reader.close();
    // The frames of one sample, whatever the layout of the shard is around them.
    const frames = Buffer.from(makeSample(Number(key.slice(4))).frames);
    let hits = 0;
    for (const name of await readdir(path('cache/shards'))) {
      const file = await open(path(`cache/shards/${name}`), 'r+');
      const { size } = await file.stat();
      const bytes = Buffer.alloc(size);
      await file.read(bytes, 0, size, 0);
      const at = bytes.indexOf(frames);
      if (at >= 0) hits += (await file.write(Buffer.from([bytes[at]! ^ 1]), 0, 1, at)).bytesWritten;
      await file.close();
    }
    assert.equal(hits, 1);
    const second = await Inspection.open([path('cache')], 'wasm');
    const other = await serve(second, 0);
    const own = port;
    port = Number(new URL(other.url).port);
    try {
      for (const view of ['', '/film', '/thumbnail', '/mask?ratio=0.5']) {
        const { status, error } = await problem(`/api/caches/0/samples/7${view}`);
        assert.equal(status, 422, view);
        assert.match(error, new RegExp(`sample 7 .*key ${key}.*damaged`));
      }
      assert.equal((await ask('/api/caches/0/samples/8')).status, 200);
      assert.equal((await json<ListAnswer>('/api/caches/0/samples')).total, SAMPLES);
    } finally {
      port = own;
      await other.close();
      await second.close();
    }
  });
});
