import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { existingManifest, writeManifest } from '../../../cache/manifest/manifest.js';
import { mergeCaches } from '../../../cache/merge/merge.js';
import { partFolder } from '../../../cache/merge/parts.js';
import { beginAttempt } from '../../../cache/parts/attempt.js';
import { listAttempts } from '../../../cache/parts/attempt-name.js';
import { readHead } from '../../../cache/parts/head.js';
import { Quarantine, readQuarantine } from '../../../cache/quarantine.js';
import { openCache } from '../../../cache/reader.js';
import { dropBad } from '../../../cache/verify/drop.js';
import { surveyCache } from '../../../cache/verify/survey.js';
import { openCacheWriter } from '../../../cache/writer.js';
import { makeSample, OPTIONS, useFolder } from '../support.js';
import { begin, commit, contentOf, failed, leave, put } from './support.js';

describe('attempts at a part of a cache', function () {
  this.timeout(60_000);
  const folder = useFolder();
  const cache = () => join(folder(), 'cache');
  const part = () => join(cache(), partFolder({ index: 0, count: 1 }));

  async function undisturbed(count: number) {
    const whole = join(folder(), 'whole');
    const writer = await openCacheWriter(whole, OPTIONS);
    for (let i = 0; i < count; i++) await writer.put(makeSample(i));
    await writer.seal();
    const content = await contentOf(whole);
    await rm(whole, { recursive: true });
    return content;
  }

  async function merged(partial = false) {
    const result = await mergeCaches(cache(), [part()], { partial });
    return { ...result, content: await contentOf(cache()) };
  }

  it('both go to their end when they run at once, and one counts', async () => {
    const [a, b] = [await begin(part()), await begin(part())];
    assert.notEqual(a.attempt.folder, b.attempt.folder);
    await Promise.all([put(a, 0, 10), put(b, 0, 10)]);
    const outcomes = await Promise.all([commit(a), commit(b)]);
    assert.deepEqual([...outcomes].sort(), ['committed', 'lost']);
    assert.equal((await listAttempts(part())).length, 2);
    const { content, pruned, parts } = await merged();
    assert.deepEqual(content, await undisturbed(10));
    assert.deepEqual({ pruned, parts }, { pruned: 1, parts: 1 });
    assert.equal((await listAttempts(part())).length, 1);
  });

  it('of which one was pruned while it still ran: it finds out, and nothing is lost', async () => {
    const [a, b] = [await begin(part()), await begin(part())];
    await put(a, 0, 3);
    await put(b, 0, 2);
    assert.equal(await commit(a), 'committed');
    await merged();
    await assert.rejects(async () => {
      await put(b, 2, 3);
      await commit(b);
    });
    assert.deepEqual((await merged()).content, await undisturbed(3));
  });

  it('take over what others have sealed, whether those have ended or not', async () => {
    const stopped = await begin(part());
    await put(stopped, 0, 4);
    await leave(stopped);
    const alive = await begin(part());
    assert.equal(await put(alive, 0, 6), 2);
    const second = await begin(part());
    assert.equal(await put(second, 0, 8), 4, 'what is not sealed yet is nobody else’s');
    assert.equal(await commit(second), 'committed');
    assert.equal(await commit(alive), 'lost');
    const { content, pruned } = await merged();
    assert.deepEqual(content, await undisturbed(8));
    assert.equal(pruned, 1);
  });

  it('find nothing to do in a part that is finished, and leave it as it is', async () => {
    const first = await begin(part());
    await put(first, 0, 3);
    await commit(first);
    const before = await readdir(part());
    const again = await begin(part());
    assert.equal(await put(again, 0, 3), 0);
    assert.equal(await commit(again), 'unchanged');
    assert.deepEqual(await readdir(part()), before);
  });

  it('add to a part that is finished; of two that do so at once one counts, the other says so', async () => {
    const first = await begin(part());
    await put(first, 0, 3);
    await commit(first);
    const joined = await merged();
    const [a, b] = [await begin(part()), await begin(part())];
    assert.equal(await put(a, 0, 5), 2);
    await put(b, 0, 7);
    assert.equal(await commit(a), 'committed');
    await assert.rejects(commit(b), /another run came to its end while this one worked, and 2 of this run's clips are not in it; run again/); // prettier-ignore
    // What was joined before is as it was.
    assert.deepEqual(await contentOf(cache()), joined.content);
    const again = await begin(part());
    assert.equal(await put(again, 0, 7), 2);
    assert.equal(await commit(again), 'committed');
    assert.deepEqual((await merged()).content, await undisturbed(7));
    assert.deepEqual(await contentOf(part()), await undisturbed(7));
  });

  it('are found by their commit when the process was killed right behind it', async () => {
    const first = await begin(part());
    await put(first, 0, 2);
    await commit(first);
    const old = await existingManifest(part());
    const next = await begin(part());
    await put(next, 0, 4);
    await commit(next);
    // As if manifest.json had not been replaced any more.
    await writeManifest(part(), old);
    assert.equal((await contentOf(part())).samples.size, 2);
    assert.equal((await readHead(part()))?.published, false);
    assert.deepEqual((await merged()).content, await undisturbed(4));
    const after = await begin(part());
    assert.equal(await put(after, 0, 4), 0);
    assert.equal(await commit(after), 'unchanged');
    assert.equal((await contentOf(part())).samples.size, 4);
  });

  it('are of no account to merge until one is committed, but for --partial', async () => {
    const running = await begin(part());
    await put(running, 0, 2);
    await assert.rejects(merged(), /is being written, or its run was killed on another machine/);
    await leave(running);
    await assert.rejects(merged(), /is not finished: its run was stopped; run it again/);
    await assert.rejects(openCache(part()), /is a part that is not finished: one run was begun, none has ended; run it again/); // prettier-ignore
    const { content, unfinished } = await merged(true);
    assert.equal(unfinished.length, 1);
    assert.deepEqual(content, await undisturbed(2));
    const next = await begin(part());
    await put(next, 0, 5);
    await commit(next);
    assert.deepEqual((await merged()).content, await undisturbed(5));
  });

  it('write in a scratch folder and leave nothing there', async () => {
    const scratch = join(folder(), 'scratch');
    const run = await begin(part(), scratch);
    assert.ok(run.attempt.folder.startsWith(scratch));
    await put(run, 0, 4);
    assert.deepEqual(await listAttempts(part()), []);
    await leave(run);
    const more = await begin(part(), scratch);
    assert.equal(await put(more, 0, 6), 2);
    assert.equal(await commit(more), 'committed');
    const [own = ''] = await readdir(scratch);
    assert.deepEqual(await readdir(join(scratch, own)), []);
    assert.deepEqual((await merged()).content, await undisturbed(6));
  });

  it('go on where a run of this machine ended by a failure, scratch folder or not', async () => {
    for (const scratch of [null, join(folder(), 'scratch')]) {
      const run = await begin(part(), scratch);
      await put(run, 0, 4);
      await run.writer.close();
      await run.attempt.abandon(new Error('full'));
      const next = await begin(part(), scratch);
      assert.equal(next.attempt.folder, run.attempt.folder);
      assert.equal(await put(next, 0, 6), 2);
      assert.equal(await commit(next), 'committed');
      assert.deepEqual((await merged()).content, await undisturbed(6));
      await rm(part(), { recursive: true });
      await rm(join(cache(), 'manifest.json'));
    }
  });

  it('carry on the quarantine; that of the run that counts is the part’s', async () => {
    const first = await begin(part());
    const quarantine = await Quarantine.open(first.attempt.folder);
    await quarantine.add(failed('bad'));
    await quarantine.add(failed('better'));
    await quarantine.close();
    await commit(first);
    const next = await begin(part());
    const seeded = await Quarantine.open(next.attempt.folder);
    assert.equal(seeded.size, 2);
    await seeded.release('better');
    await seeded.close();
    assert.equal(await commit(next), 'committed');
    const { quarantined } = await merged();
    assert.equal(quarantined, 1);
    assert.deepEqual((await readQuarantine(cache())).map(({ id }) => id), ['bad']); // prettier-ignore
  });

  it('respect what avme verify --drop took out of the part', async () => {
    const first = await begin(part());
    await put(first, 0, 4);
    await commit(first);
    const { manifest, shards } = await surveyCache(part());
    const [shard] = shards;
    const sums = shard!.entry.sums!;
    await dropBad(part(), manifest, [{ shard: shard!, bad: new Set(['key-1']), sums }]);
    assert.equal((await merged()).content.samples.size, 3);
    const again = await begin(part());
    assert.equal(await put(again, 0, 4), 1);
    assert.equal(await commit(again), 'committed');
    assert.deepEqual((await merged()).content.samples, (await undisturbed(4)).samples);
  });

  it('are refused when the part was made with other settings', async () => {
    const first = await begin(part());
    await leave(first);
    const other = { ...OPTIONS, configuration: { ...OPTIONS.configuration, size: 16 } };
    await assert.rejects(beginAttempt(part(), other), /was made with other settings/);
  });
});
