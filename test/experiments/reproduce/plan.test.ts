import { SYSTEM_NAMES } from '../../../model/config.js';
import assert from 'node:assert/strict';
import fc from 'fast-check';

import { reproduceOptions } from '../../../experiments/reproduce/options.js';
import { folderOf, jobsOf, planAll, planJobs, planSubjects, type Setting } from '../../../experiments/reproduce/plan.js'; // prettier-ignore

const setting: Setting = { caches: ['/cache'], finetuneCaches: ['/labelled'], recipe: { given: 'evidence', sections: { pretrain: { width: 96 } } }, systems: [...SYSTEM_NAMES], maskRatio: 0.75 }; // prettier-ignore

const anyOptions = fc
  .record({
    seeds: fc.integer({ min: 1, max: 4 }),
    controls: fc.boolean(),
    finetune: fc.boolean(),
    maskRatios: fc.uniqueArray(fc.constantFrom(0.5, 0.75, 0.9, 0.95), { minLength: 1 }),
  })
  .map((options) => reproduceOptions.parse(options));
const anySystems = fc.uniqueArray(fc.constantFrom(...SYSTEM_NAMES), { minLength: 1 });

describe('the plan of a reproduction', () => {
  it('has a job once, after what it needs, and all in folders of their own', () => {
    fc.assert(
      fc.property(anyOptions, anySystems, (options, systems) => {
        const asked = { ...setting, systems };
        const jobs = planJobs(planAll(options, asked), options, asked);
        const seen = new Set<string>();
        for (const { id, after } of jobs) {
          assert.ok(!seen.has(id), `${id} twice`);
          assert.ok(after === undefined || seen.has(after), `${id} before ${after ?? ''}`);
          seen.add(id);
        }
      }),
    );
  });

  it('pre-trains a system of as many weights, alone and beside the others', () => {
    const options = reproduceOptions.parse({ seeds: 2 });
    const asked: Setting = { ...setting, systems: ['av', 'av-no-cross'], matchedDepth: 8 };
    const larger = planAll(options, asked).filter(({ subject }) => subject.decoderDepth === 8);
    assert.deepEqual(larger.map(({ folder }) => folder), ['runs/av-no-cross-depth-8-0.75/seed-0', 'runs/av-no-cross-depth-8-0.75/seed-1']); // prettier-ignore
    for (const planned of larger) {
      const jobs = jobsOf(planned, options, asked);
      assert.ok(jobs.every(({ of }) => of === 'pretrain'));
      assert.match(jobs[0]!.args.join(' '), /--variant av-no-cross .*--decoder-depth 8/);
    }
    const without = reproduceOptions.parse({ sizeMatched: false });
    assert.ok(planSubjects(without, asked).every(({ decoderDepth }) => decoderDepth === undefined));
  });

  it('gives the seeds clips in turn', () => {
    const options = reproduceOptions.parse({ seeds: 3 });
    const asked: Setting = { ...setting, systems: ['av', 'v'], caches: ['/a', '/b'], finetuneCaches: ['/c', '/d', '/e'] }; // prettier-ignore
    for (const planned of planAll(options, asked))
      for (const { args, of } of jobsOf(planned, options, asked)) {
        const cache = args[args.indexOf('--cache') + 1];
        const { seed } = planned.subject;
        assert.equal(cache, of === 'pretrain' ? ['/a', '/b'][seed % 2] : ['/c', '/d', '/e'][seed]);
      }
  });

  it('gives every system the same seeds, budget and recipe', () => {
    fc.assert(
      fc.property(anyOptions, anySystems, (options, systems) => {
        const asked = { ...setting, systems };
        const subjects = planSubjects(options, asked);
        for (const variant of systems) {
          const seeds = subjects.filter((one) => one.variant === variant && one.sound === 'own' && one.maskRatio === 0.75).map(({ seed }) => seed); // prettier-ignore
          assert.deepEqual(seeds, [...Array(options.seeds).keys()], variant);
        }
        // Without what names a subject, the commands that train are the same for all of them.
        const commands = planAll(options, asked).map(
          ({ subject, folder, views }) =>
          jobsOf({ subject, folder, views }, options, asked)
            .filter(({ command }) => command !== 'evaluate')
            .map(({ command, args }) => [command, ...args].join(' ').replaceAll(folder, 'F')
              .replace(/ --(variant|seed|mask-ratio|sound) \S+/g, '')), // prettier-ignore
        );
        for (const each of commands) assert.deepEqual(each, commands[0]);
      }),
    );
  });

  it('measures all at the ratio of comparison on the test splits of the cache they learned from, and never by the best checkpoint', () => {
    const options = reproduceOptions.parse({ testSplits: 'held,out' });
    for (const planned of planAll(options, setting)) {
      assert.ok(planned.views.some(({ of, maskRatio }) => of === 'pretrain' && maskRatio === 0.75) || planned.subject.variant === 'cav-mae'); // prettier-ignore
      for (const { command, args, of } of jobsOf(planned, options, setting)) {
        const value = (flag: string) => args[args.indexOf(flag) + 1];
        assert.equal(value('--splits'), command === 'evaluate' ? 'held,out' : 'train');
        assert.equal(value('--cache'), of === 'finetune' ? '/labelled' : '/cache');
        if (command === 'evaluate') assert.equal(value('--checkpoint'), 'last');
      }
    }
  });

  it('names no sound to a system that learns with its own, so that older runs go on', () => {
    const options = reproduceOptions.parse({});
    for (const planned of planAll(options, setting)) {
      const [pretrain] = jobsOf(planned, options, setting);
      assert.equal(pretrain?.args.includes('--sound'), planned.subject.sound !== 'own');
    }
  });

  it('leaves the classifiers of controls and ratios to the end', () => {
    const options = reproduceOptions.parse({});
    const jobs = planJobs(planAll(options, setting), options, setting);
    const others = jobs.filter(({ id }) => !/^runs\/[a-z-]+-0\.75\//.test(id));
    const first = others.findIndex(({ of }) => of === 'finetune');
    assert.ok(first > 0 && others.slice(first).every(({ of }) => of === 'finetune'));
    assert.deepEqual(jobs.slice(-others.length), others);
  });

  it('trains what Table II compares at its ratio', () => {
    const options = reproduceOptions.parse({ seeds: 1 });
    const folders = planSubjects(options, { ...setting, systems: ['av', 'av-no-cross'] }).map(folderOf); // prettier-ignore
    assert.ok(folders.includes('runs/av-0.9/seed-0') && folders.includes('runs/av-no-cross-0.9/seed-0')); // prettier-ignore
    assert.ok(!folders.includes('runs/av-no-cross-0.95/seed-0'));
  });

  it('puts what decides most first: the systems, then controls, then ratios', () => {
    const options = reproduceOptions.parse({ seeds: 2 });
    const folders = planSubjects(options, { ...setting, systems: ['av', 'v'] }).map(folderOf);
    assert.deepEqual(folders, [
      'runs/av-0.75/seed-0',
      'runs/v-0.75/seed-0',
      'runs/av-0.75/seed-1',
      'runs/v-0.75/seed-1',
      'runs/av-0.75-shuffled/seed-0',
      'runs/av-0.75-presence/seed-0',
      'runs/av-0.75-shuffled/seed-1',
      'runs/av-0.75-presence/seed-1',
      'runs/av-0.9/seed-0',
      'runs/av-0.95/seed-0',
      'runs/av-0.9/seed-1',
      'runs/av-0.95/seed-1',
    ]);
  });
});
