import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { openCacheWriter } from '../../cache/writer.js';
import { makeSample, OPTIONS } from '../cache/support.js';
import { avme, refused } from '../support/cli.js';
import { scratchFolder } from '../support/media.js';

describe('avme inspect', function () {
  this.timeout(60_000);
  const { path } = scratchFolder();
  before(async () => {
    const writer = await openCacheWriter(path('cache'), OPTIONS);
    for (let i = 0; i < 12; i++) await writer.put(makeSample(i));
    await writer.seal();
  });

  it('serves the page where it is asked to, until Ctrl-C', async () => {
    const args = ['inspect', path('cache'), '--port', '0', '--no-open', '--json'];
    let asked: Promise<string> | undefined;
    const done = await avme(args, {
      onStart(child) {
        child.stdout?.on('data', (text: Buffer) => {
          const { url } = JSON.parse(text.toString()) as { url: string };
          asked ??= fetch(`${url}api/sources`)
            .then((response) => response.text())
            .finally(() => child.kill('SIGINT'));
        });
      },
    });
    assert.equal(done.code, 0, done.stderr);
    assert.equal(done.events[0]?.['event'], 'listening');
    assert.match(String(done.events[0]['url']), /^http:\/\/127\.0\.0\.1:\d+\/$/);
    assert.match((await asked) ?? '', /"kind":"cache"/);
  });

  it('says when its port is taken', async () => {
    const { createServer } = await import('node:http');
    const taken = createServer();
    await new Promise((resolve) => taken.listen(0, '127.0.0.1', () => { resolve(0); })); // prettier-ignore
    const { port } = taken.address() as { port: number };
    try {
      await refused(['inspect', path('cache'), '--port', String(port)], 1, /port \d+ is taken/);
    } finally {
      taken.close();
    }
  });

  it('prints tables without a terminal, and pictures where colours are wanted', async () => {
    const plain = await avme(['inspect', path('cache'), '--terminal']);
    assert.match(plain.stdout, /samples\s+12/);
    assert.doesNotMatch(plain.stdout, /\u001b/);
    const env = { FORCE_COLOR: '1', NO_COLOR: '', COLORTERM: 'truecolor', TERM: 'xterm' };
    const sheet = await avme(['inspect', path('cache'), '--terminal', '--sample', '1'], { env });
    assert.equal(sheet.code, 0, sheet.stderr);
    // Four frames, a quarter of the width each.
    assert.match(sheet.stdout, /(\u001b\[38;2;\d+;\d+;\d+;48;2;\d+;\d+;\d+m▀){100}\u001b\[0m\n/);
  });

  it('writes a picture of a cache', async () => {
    const { code, stderr } = await avme(['inspect', path('cache'), '--png', path('all.png')]);
    assert.equal(code, 0, stderr);
    const png = await readFile(path('all.png'));
    assert.equal(png.toString('latin1', 1, 4), 'PNG');
    assert.ok(png.readUInt32BE(16) > 1000, 'eight columns');
  });

  it('writes a page that holds what it shows, and nothing that could end a script early', async () => {
    const { code, stderr } = await avme(['inspect', path('cache'), '--html', path('all.html')]);
    assert.equal(code, 0, stderr);
    const html = await readFile(path('all.html'), 'utf8');
    const [, text = ''] = /id="embedded">([^<]*)<\/script>/.exec(html) ?? [];
    const { answers, pictures } = JSON.parse(text) as Record<string, Record<string, unknown>>;
    assert.equal((answers!['caches/0/samples'] as { items: unknown[] }).items.length, 12);
    assert.equal(Object.keys(pictures!).length, 24);
    assert.ok(Object.values(pictures!).every((url) => String(url).startsWith('data:image/webp;')));
    assert.match(html, /Content-Security-Policy" content="default-src 'none'/);
    assert.doesNotMatch(html, /(src|href)="(?!data:)/);
  });

  it('refuses what it cannot show', async () => {
    await refused(['inspect', path('cache'), '--port', '70000'], 2, /--port/);
    await refused(['inspect'], 2, /missing required argument/);
    await writeFile(path('file'), '');
    await refused(['inspect', path('cache'), path('nothing')], 1, /there is no folder/);
    await refused(['inspect', path('cache'), path('cache'), '--sample', '99'], 1, /no sample 99/);
  });
});
