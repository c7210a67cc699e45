import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { optionsOf, readConfig, type SectionSpec } from '../../../bin/cli/config.js';
import { UsageError } from '../../../bin/cli/failure.js';
import { nearest } from '../../../bin/cli/nearest.js';
import { refused } from '../../support/cli.js';
import { scratchFolder } from '../../support/media.js';

const COMMANDS = ['preprocess', 'pretrain', 'finetune', 'evaluate', 'inspect'];
const spec: SectionSpec = {
  name: 'pretrain',
  schema: z.strictObject({
    batch: z.coerce.number().int().min(1, { error: 'must be 1 or more' }).default(8),
    maskRatio: z.coerce.number().lt(1, { error: 'must be below 1' }).optional(),
    splits: z.union([z.string(), z.array(z.string())]).optional(),
    open: z.boolean().default(true),
    probe: z.boolean().default(false),
    run: z.string(),
  }),
  flags: {
    batch: { value: 'n' },
    maskRatio: { value: 'x' },
    splits: { value: 'list' },
    open: { negated: true },
    probe: {},
    run: { value: 'folder' },
  },
};

describe('config files', () => {
  const scratch = scratchFolder();
  let files = 0;
  const read = async (content: unknown) => {
    const path = scratch.path(`${++files}.json`);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    return readConfig(path, COMMANDS);
  };
  const sectionOf = async (section: unknown) => optionsOf(await read({ pretrain: section }), spec);
  const fails = (promise: Promise<unknown>, ...words: RegExp[]) =>
    assert.rejects(promise, (error) => {
      assert.ok(error instanceof UsageError);
      for (const word of words) assert.match(error.message, word);
      return true;
    });

  it('give the options of one command, under the names of either spelling', async () => {
    const content = { description: 'words', $schema: 'x', finetune: { lr: 1 }, pretrain: { batch: 4, 'mask-ratio': 0.5 } }; // prettier-ignore
    const config = await read(content);
    assert.deepEqual(optionsOf(config, spec), { batch: 4, maskRatio: 0.5 });
    assert.deepEqual(Object.keys(config.sections), ['finetune', 'pretrain']);
    assert.deepEqual(optionsOf(config, { ...spec, name: 'evaluate' }), {});
    assert.deepEqual(optionsOf(await read({}), spec), {});
  });

  it('turn switches as on the command line, and know null as the default', async () => {
    assert.deepEqual(await sectionOf({ 'no-open': true, probe: true }), {
      open: false,
      probe: true,
    });
    assert.deepEqual(await sectionOf({ open: false, maskRatio: null }), { open: false });
    await fails(sectionOf({ 'no-probe': true }), /unknown option "no-probe"/);
  });

  it('say which section is no command, and which was meant', async () => {
    await fails(
      read({ pretrian: {}, finetune: 3, xyz: {}, evaluate: [] }),
      /^--config: .*\d\.json: unknown section "pretrian"; did you mean pretrain\?$/m,
      /section "finetune" is 3; it must be an object/,
      /unknown section "xyz"; a section has the name of a command: preprocess, /,
      /section "evaluate" is \[\]; it must be an object/,
    );
  });

  it('say which option there is not, which value cannot be, and where', async () => {
    await fails(
      sectionOf({ bacth: 4, learningSpeed: 1 }),
      /^--config: .*\d\.json: section "pretrain": unknown option "bacth"; did you mean batch\?$/m,
      /unknown option "learningSpeed"; avme pretrain --help has them all$/m,
    );
    await fails(sectionOf({ constructor: 1 }), /unknown option "constructor"/);
    await fails(
      sectionOf({ batch: 0, 'mask-ratio': 2, probe: 'yes' }),
      /section "pretrain": "batch" is 0; must be 1 or more$/m,
      /"mask-ratio" is 2; must be below 1$/m,
      /"probe" is "yes"; .*boolean/,
    );
    // These would be 1 and 0 to a number that is coerced.
    await fails(sectionOf({ batch: true, maskRatio: '' }), /"batch" is true; give a value: n$/m, /"maskRatio" is ""; give/); // prettier-ignore
    await fails(sectionOf({ maskRatio: 0.5, 'mask-ratio': 0.5 }), /"mask-ratio" is there twice/);
  });

  it('that cannot be read, are no JSON, or hold no object are told by name', async () => {
    await fails(
      readConfig(scratch.path('none.json'), COMMANDS),
      /cannot read .*none\.json: ENOENT/,
    );
    await fails(read('{'), /\.json is not JSON: /);
    await fails(read('[]'), /must be an object with a section a command/);
    await fails(read('null'), /must be an object with a section a command/);
  });

  it('that are not there as presets are told what there is', () =>
    fails(readConfig('nosuch', COMMANDS), /no preset nosuch; there are .*ucf101-vit-b.* \.\/nosuch, nosuch\.json$/)); // prettier-ignore

  it('speak through every command', async () => {
    await writeFile(scratch.path('typo.json'), '{"pretrain": {"bacth": 3}}');
    const typo = ['--config', scratch.path('typo.json')];
    await refused(['pretrain', ...typo], 2, /^avme: --config: .*typo\.json: section "pretrain": unknown option "bacth"; did you mean batch\?\n$/); // prettier-ignore
    // The file's value, which does not go with the line's.
    const mixed = ['--config', 'ucf101-vit-b', '--cache', 'x', '--run', 'x', '--batch', '8'];
    await refused(['finetune', ...mixed], 2, /^avme: --config: ucf101-vit-b: section "finetune": "accumulate": got 32; must divide --batch/); // prettier-ignore
    // A section is checked by the command that it is for.
    await refused(
      ['merge', scratch.path('.'), ...typo],
      1,
      /is not an avme cache|no cache|holds no/,
    );
    await refused(
      ['merge', scratch.path('.'), '--config', 'nosuch'],
      2,
      /there is no preset nosuch/,
    );
  });
});

describe('the nearest name', () => {
  it('is found for a slip of the finger, and for nothing else', () => {
    const names = ['frames', 'stride', 'clips', 'maskRatio', 'help'];
    assert.equal(nearest('farmes', names), 'did you mean frames?');
    assert.equal(nearest('mask-ratio', names), 'did you mean maskRatio?');
    assert.equal(nearest('learning', names), undefined);
    assert.equal(nearest('frames', names), undefined);
  });
});
