import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { openCacheWriter } from '../../cache/writer.js';
import { makeSample, OPTIONS } from '../cache/support.js';
import { avme, refused } from '../support/cli.js';
import { scratchFolder } from '../support/media.js';

describe('avme export and avme import', () => {
  const { path } = scratchFolder();

  before(async () => {
    const writer = await openCacheWriter(path('cache'), OPTIONS);
    for (let i = 0; i < 6; i++) await writer.put(makeSample(i));
    await writer.seal();
  });

  it('go there and back', async () => {
    const out = await avme(['export', path('cache'), path('tars'), '--shard-samples', '4', '--json']); // prettier-ignore
    assert.equal(out.code, 0, out.stderr);
    assert.deepEqual(out.events.map(({ event }) => event), [...Array<string>(6).fill('progress'), 'done']); // prettier-ignore
    const { files, samples } = out.events.at(-1)! as { files: string[]; samples: number };
    assert.deepEqual([files.length, samples], [2, 6]);
    const back = await avme(['import', ...files, '--cache', path('back'), '--json']);
    assert.equal(back.code, 0, back.stderr);
    const { event, written, skipped, own } = back.events.at(-1)!;
    assert.deepEqual({ event, written, skipped, own }, { event: 'done', written: 6, skipped: 0, own: true }); // prettier-ignore
    const [a, b] = await Promise.all(
      ['cache', 'back'].map((name) => avme(['inspect', path(name), '--json'])),
    );
    assert.equal(a?.events[0]?.['fingerprint'], b?.events[0]?.['fingerprint']);
    assert.deepEqual(a?.events[0]?.['statistics'], b?.events[0]?.['statistics']);
  });

  it('tell people in one line what was written', async () => {
    const out = await avme(['export', path('cache'), path('x.tar'), '--split', 'test']);
    assert.match(out.stdout, /wrote 3 samples into 1 tar, [\d.]+ KiB; [\d.]+ s\n$/);
    const one = await avme(['export', path('cache'), path('x.npz'), '--sample', '2']);
    assert.match(one.stdout, /^wrote .*x\.npz, [\d.]+ KiB\n$/);
    const back = await avme(['import', path('x.tar'), '--cache', path('x')]);
    assert.match(back.stdout, /done: 3 samples; 3 written, 0 there already; [\d.]+ s\n$/);
  });

  it('leave a whole tar or none when they are killed, and begin anew', async () => {
    await avme(['export', path('cache'), path('whole.tar')]);
    const whole = await readFile(path('whole.tar'));
    const args = ['export', path('cache'), path('killed.tar'), '--json'];
    await avme(args, { kill: { signal: 'SIGKILL', afterLines: 1 } });
    const there = await readFile(path('killed.tar')).catch(() => undefined);
    if (there === undefined) {
      const again = await avme(args);
      assert.equal(again.code, 0, again.stderr);
    }
    assert.ok(whole.equals(await readFile(path('killed.tar'))));
    assert.ok(!(await readdir(path('.'))).some((name) => name.endsWith('.partial')));
  });

  it('refuse what does not go together', async () => {
    await refused(['export', path('cache'), path('a.npz')], 2, /say which with --sample N/);
    await refused(['export', path('cache'), path('a.tar'), '--samples', '5-1'], 2, /--samples: got "5-1"/); // prettier-ignore
    const pictures = await avme(['export', path('cache'), path('jpg.tar'), '--frames', 'jpg']);
    assert.equal(pictures.code, 0, pictures.stderr);
    await refused(['import', path('jpg.tar'), '--cache', path('c')], 1, /has no frames, only frame-00\.jpg/); // prettier-ignore
    await refused(['import', path('none.tar'), '--cache', path('c')], 1, /none\.tar: ENOENT/);
    assert.ok(!(await readdir(path('.'))).some((name) => name.startsWith('a.') || name === 'c'));
  });
});
