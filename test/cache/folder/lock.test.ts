import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCacheWriter } from '../../../cache/writer.js';
import { lockForWriting, processSpace, whereWritten } from '../../../cache/folder/lock.js';
import { makeSample, OPTIONS, useFolder } from '../support.js';

const program = fileURLToPath(new URL('../writer-process.js', import.meta.url));

async function startWriter(folder: string) {
  const child = spawn(process.execPath, [program, folder, '0']);
  child.stdout.setEncoding('utf8');
  const [said] = (await once(child.stdout, 'data')) as [string];
  return { child, said };
}

async function kill(child: { kill(signal: 'SIGKILL'): boolean } & NodeJS.EventEmitter) {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('writer lock', () => {
  const folder = useFolder();
  const path = () => join(folder(), 'writer.lock');

  it('keeps a second writer out, and names the first', async () => {
    const { child } = await startWriter(folder());
    try {
      await assert.rejects(
        openCacheWriter(folder(), OPTIONS),
        new RegExp(`is being written by process ${child.pid} on .*; wait until it ends$`),
      );
      assert.equal(await whereWritten(folder()), 'here');
    } finally {
      await kill(child);
    }
  });

  it('keeps a second writer of the same process out', async () => {
    const writer = await openCacheWriter(folder(), OPTIONS);
    await assert.rejects(openCacheWriter(folder(), OPTIONS), new RegExp(`process ${process.pid} `));
    await writer.put(makeSample(1));
    await writer.seal();
    await (await openCacheWriter(folder(), OPTIONS)).close();
  });

  it('is taken over from a writer that was killed', async () => {
    const { child } = await startWriter(folder());
    await kill(child);
    assert.ok((await readdir(folder())).includes('writer.lock'));
    assert.equal(await whereWritten(folder()), null);
    await (await openCacheWriter(folder(), OPTIONS)).close();
    assert.deepEqual(await readdir(folder()), ['manifest.json']);
  });

  it('is taken over when the process id belongs to another process by now', async function () {
    // Only Linux tells when a process started.
    if (process.platform !== 'linux') this.skip();
    const owner = { pid: process.pid, host: await processSpace(), started: 'long ago', id: 'x' };
    await writeFile(path(), JSON.stringify(owner));
    await (
      await lockForWriting(folder())
    )();
  });

  it('is not taken over from another machine, whose processes cannot be seen', async () => {
    const owner = { pid: 1, host: 'elsewhere', started: '', id: 'x' };
    await writeFile(path(), JSON.stringify(owner));
    await assert.rejects(
      lockForWriting(folder()),
      /by process 1 on elsewhere; wait until it ends, or delete .*writer\.lock if it no longer runs/,
    );
    assert.deepEqual(JSON.parse(await readFile(path(), 'utf8')), owner);
  });

  it('is not taken over from another container of the same name, whose processes cannot be seen', async () => {
    const owner = { pid: 2 ** 22 + 1, host: `${hostname()}/1@another`, started: '', id: 'x' };
    await writeFile(path(), JSON.stringify(owner));
    await assert.rejects(
      lockForWriting(folder()),
      new RegExp(
        `by process ${owner.pid} on ${hostname()}, in another container; wait until it ends`,
      ),
    );
    assert.equal(await whereWritten(folder()), 'elsewhere');
  });

  it('is taken over where a process was killed as it took over', async () => {
    const killed = { pid: 2 ** 22 + 1, host: await processSpace(), started: '' };
    await writeFile(path(), JSON.stringify({ ...killed, id: 'x' }));
    await writeFile(`${path()}.x`, JSON.stringify({ ...killed, id: 'y' }));
    await writeFile(`${path()}.x.y`, JSON.stringify({ ...killed, id: 'z' }));
    await (
      await lockForWriting(folder())
    )();
    assert.deepEqual(await readdir(folder()), []);
  });

  it('is given to one of many that take over a stale one at the same time', async () => {
    for (let round = 0; round < 20; round++) {
      await writeFile(
        path(),
        round % 2 === 0
          ? ''
          : JSON.stringify({ pid: 2 ** 22 + 1, host: await processSpace(), started: '', id: 'x' }),
      );
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, () => lockForWriting(folder())),
      );
      const taken = results.flatMap((result) =>
        result.status === 'fulfilled' ? result.value : [],
      );
      assert.equal(taken.length, 1, `round ${round}`);
      await taken[0]!();
      assert.deepEqual(await readdir(folder()), []);
    }
  });

  it('is given to one of several processes', async function () {
    this.timeout(60_000);
    await writeFile(path(), '');
    const started = await Promise.all(Array.from({ length: 4 }, () => startWriter(folder())));
    const winners = started.filter(({ said }) => said.startsWith('open'));
    assert.equal(winners.length, 1, started.map(({ said }) => said).join());
    await Promise.all(winners.map(({ child }) => kill(child)));
  });
});
