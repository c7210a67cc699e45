import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  execute,
  JobError,
  readRecord,
  type JobEvent,
} from '../../../experiments/reproduce/execute.js';
import type { Job } from '../../../experiments/reproduce/plan.js';

/**
 * A program that answers as avme does, in milliseconds: it says what it began with, works for as long
 * as it is told, and leaves a line in a log when it begins and when it ends.
 */
const PROGRAM = `
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
const [command, ...args] = process.argv.slice(2);
const value = (name) => args[args.indexOf('--' + name) + 1];
const log = (what) => appendFileSync(value('log'), what + ' ' + value('name') + '\\n');
process.on('SIGINT', () => { log('stopped'); process.exit(130); });
log('begun');
console.log(JSON.stringify({ event: 'start', steps: 2 }));
// The one that fails waits until there is one to be stopped.
if (command === 'evaluate') { while (!readFileSync(value('log'), 'utf8').includes('begun slow')) await wait(5); console.error('avme: the cache is gone'); process.exit(1); }
console.log(JSON.stringify({ event: 'step', step: 1, steps: 2 }));
setTimeout(() => {
  log('ended');
  console.log(JSON.stringify({ event: 'done', loss: 0.5 }));
  process.exit(0);
}, Number(value('ms')));
`;

describe('the commands of a reproduction', () => {
  let folder: string;
  let log: string;
  let program: readonly [string, ...string[]];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'avme-execute-'));
    log = join(folder, 'log');
    await writeFile(log, '');
    await writeFile(join(folder, 'program.mjs'), PROGRAM);
    program = [process.execPath, join(folder, 'program.mjs')];
  });
  afterEach(() => rm(folder, { recursive: true }));

  const job = (id: string, after?: string, ms = 20, command: Job['command'] = 'pretrain'): Job => ({
    id,
    command,
    of: 'pretrain',
    args: ['--name', id, '--ms', String(ms), '--log', log],
    ...(after === undefined ? {} : { after }),
  });
  const lines = async () => (await readFile(log, 'utf8')).trim().split('\n');
  const run = (jobs: readonly Job[], more: { jobs?: number; signal?: AbortSignal; onEvent?: (event: JobEvent) => void } = {}) =>
    execute(jobs, { out: folder, avme: program, jobs: 2, ...more }); // prettier-ignore

  it('run each after what it needs, no more at once than allowed, and say how far they are', async () => {
    const jobs = [job('a'), job('b', 'a'), job('c'), job('d', 'b'), job('e', 'c')];
    const events: JobEvent[] = [];
    assert.equal(await run(jobs, { onEvent: (event) => events.push(event) }), true);
    let running = 0;
    const ended = new Set<string>();
    for (const line of await lines()) {
      const [what, id = ''] = line.split(' ');
      if (what === 'ended') {
        running--;
        ended.add(id);
        continue;
      }
      assert.ok(++running <= 2, 'three at once');
      const { after } = jobs.find((one) => one.id === id) ?? {};
      assert.ok(after === undefined || ended.has(after), `${id} before ${after ?? ''}`);
    }
    assert.equal(ended.size, 5);
    assert.equal(events.filter((event) => event.event === 'job-progress' && event.share === 0.5).length, 5); // prettier-ignore
    assert.deepEqual((await readRecord(folder, job('a')))?.done, { event: 'done', loss: 0.5 });
  });

  it('that are done are not run again, but those that are asked for otherwise are', async () => {
    await run([job('a'), job('b')]);
    await writeFile(log, '');
    assert.equal(await run([job('a'), job('b', undefined, 21), job('c')]), true);
    const begun = (await lines()).filter((line) => line.startsWith('begun')).sort();
    assert.deepEqual(begun, ['begun b', 'begun c']);
  });

  it('are run again when what they need is, also where that was only begun', async () => {
    const chain = (ms: number) => [job('a', undefined, ms), job('b', 'a'), job('c', 'b'), job('d')];
    await run(chain(20));
    const stopping = new AbortController();
    const onEvent = (event: JobEvent) => {
      if (event.event === 'job' && event.id === 'a' && event.state === 'done') stopping.abort();
    };
    assert.equal(await run(chain(21), { signal: stopping.signal, onEvent, jobs: 1 }), false);
    await writeFile(log, '');
    assert.equal(await run(chain(21)), true);
    const begun = (await lines()).filter((line) => line.startsWith('begun'));
    assert.deepEqual(begun, ['begun b', 'begun c']);
  });

  it('stop in order when one fails, naming it and what it said; the others’ records stay', async () => {
    const jobs = [job('quick'), job('slow', undefined, 60_000), job('bad', 'quick', 0, 'evaluate'), job('never', 'slow')]; // prettier-ignore
    await assert.rejects(run(jobs), (error: unknown) => {
      assert.ok(error instanceof JobError);
      assert.match(error.message, /avme evaluate --name bad .*\nfailed \(exit code 1\):\n {2}avme: the cache is gone\n.*goes on/); // prettier-ignore
      return true;
    });
    assert.ok((await lines()).includes('stopped slow'));
    const records = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    assert.deepEqual(records, ['quick.json']);
  });

  it('are stopped by a signal, each asked to end in order, and gone on with the next time', async () => {
    const controller = new AbortController();
    const jobs = [job('a', undefined, 60_000), job('b')];
    const onEvent = (event: JobEvent) => {
      if (event.event === 'job-progress' && event.id === 'a') controller.abort();
    };
    assert.equal(await run(jobs, { signal: controller.signal, onEvent, jobs: 1 }), false);
    assert.deepEqual(await lines(), ['begun a', 'stopped a']);
    assert.equal(await run([job('a', undefined, 10), job('b')]), true);
  });
});
