import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AVME } from '../support/cli.js';
import { readGolden } from '../support/golden.js';
import { scratchFolder } from '../support/media.js';
import { slow } from '../support/slow.js';
import { writeTorchFile } from '../support/torch-file.js';
import { makeUcf101 } from '../support/ucf101.js';

const run = promisify(execFile);
const DOC = fileURLToPath(new URL('../../../docs/how-to/ucf101.md', import.meta.url));

/** What makes ViT-B and its recipe small: put behind the options of the document, so that it wins over them. */
const MODEL =
  '--width 96 --depth 2 --heads 3 --decoder-width 48 --decoder-heads 3 --decoder-depth 2 --fusion-heads 3 ' +
  '--audio-filters 8,8,8,8 --audio-layers 1,1,1,1';
const TRAINING = `${MODEL} --batch 4 --accumulate 2 --steps 2 --workers 0 --backend wasm --json`;
const SMALLER: Readonly<Record<string, string>> = {
  preprocess: '--size 64 --jobs 2 --json',
  inspect: '--json',
  pretrain: TRAINING,
  finetune: TRAINING,
  evaluate: '--backend wasm --json',
};

type Event = Readonly<Record<string, unknown>>;

/**
 * The commands of docs/how-to/ucf101.md as they stand there, run by a shell on a stand-in for UCF101: what the page
 * says works. `AVME_LONG=1` runs all of them, else the controls and pre-training are left.
 */
slow.describe('docs/how-to/ucf101.md', function () {
  this.timeout(900_000);
  const scratch = scratchFolder();
  let blocks: readonly string[] = [];

  /** Runs the block of the page that has these words. @returns what its commands said, by command */
  async function follow(words: RegExp): Promise<Record<string, Event[][]>> {
    const block = blocks.filter((text) => words.test(text));
    assert.equal(block.length, 1, `${block.length} blocks of the page match ${words.source}`);
    const path = [scratch.path('bin'), process.env['PATH']].join(delimiter);
    const { stdout } = await run('bash', ['-euc', block[0]!], {
      cwd: scratch.path('.'),
      env: { ...process.env, PATH: path, AVME_TENSORFLOW: '/nowhere' },
      maxBuffer: 1 << 26,
    });
    const said: Record<string, Event[][]> = {};
    for (const line of stdout.split('\n')) {
      if (line.startsWith('# ')) (said[line.slice(2)] ??= []).push([]);
      else if (line !== '')
        Object.values(said)
          .at(-1)!
          .at(-1)!
          .push(JSON.parse(line) as Event);
    }
    return said;
  }

  const last = (said: Record<string, Event[][]>, command: string, n = 0) =>
    said[command]![n]!.at(-1)!;
  const predictions = async (folder: string) =>
    (await readFile(scratch.path(`${folder}/predictions.jsonl`), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Event); // prettier-ignore

  before(async () => {
    const text = await readFile(DOC, 'utf8');
    blocks = [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => match[1]!);
    await makeUcf101(scratch.path('.'));
    const golden = await readGolden('videomae-pretrain-tiny');
    const names = golden.names('model');
    const weights = new Map(names.map((name) => [name, golden.array(`model.${name}`)]));
    await writeTorchFile(scratch.path('videomae-k400.pth'), weights);
    await mkdir(scratch.path('bin'));
    const cases = Object.entries(SMALLER).map(([name, more]) => `${name}) set -- "$@" ${more} ;;`);
    const script = `#!/usr/bin/env bash\necho "# $1"\ncase "$1" in\n${cases.join('\n')}\nesac\nexec "${process.execPath}" "${AVME}" "$@"\n`;
    await writeFile(scratch.path('bin/avme'), script);
    await chmod(scratch.path('bin/avme'), 0o755);
  });

  it('leads from the archive to an accuracy, and goes on where it was', async () => {
    const first = await follow(/preprocess/);
    const { videos, written, quarantined } = last(first, 'preprocess');
    assert.deepEqual({ videos, written, quarantined }, { videos: 16, written: 80, quarantined: 0 });
    const [init] = first['finetune']![0]!;
    // Of VideoMAE's weights only the decoder has no place in a classifier, nor the way to it in one
    // that is centred in time.
    assert.ok((init!['unused'] as string[]).every((name) => /^decoder\.|^encoder_to_decoder\.|^mask_token$|^encoder\.norm\./.test(name)), JSON.stringify(init!['unused'])); // prettier-ignore
    assert.ok((init!['lacking'] as string[]).every((name) => !/^(patch_embed|blocks)\./.test(name)), JSON.stringify(init!['lacking'])); // prettier-ignore
    const { accuracy, views, classes } = last(first, 'evaluate');
    assert.deepEqual(classes, ['ApplyEyeMakeup', 'HandstandPushups', 'PlayingCello', 'YoYo']);
    assert.deepEqual([(accuracy as Event)['videos'], views], [4, 15]);
    const ids = (await predictions('results/own')).map(({ id }) => id as string);
    assert.ok(
      ids.every((id) => id.includes('_g01_')),
      `division 1 tests on group 1: ${ids.join()}`,
    );
    assert.ok(ids.includes('HandstandPushups/v_HandStandPushups_g01_c01.avi'));
    const again = await follow(/preprocess/);
    assert.equal(last(again, 'preprocess')['written'], 0);
    assert.equal(again['finetune']![0]!.find(({ event }) => event === 'start')!['resumedFrom'], 2);
  });

  it('shows how to look at the cache', async () => {
    const said = await follow(/inspect/);
    assert.match(JSON.stringify(said['inspect']), /"HandstandPushups":20/);
  });

  it('takes another division from the same cache', async () => {
    const said = await follow(/trainlist02/);
    assert.equal(said['finetune']![0]!.find(({ event }) => event === 'start')!['samples'], 60);
    const ids = (await predictions('results/own-2')).map(({ id }) => id as string);
    assert.deepEqual(
      ids.map((id) => /_(g\d\d)_/.exec(id)![1]),
      ['g08', 'g08', 'g08', 'g08'],
    );
  });

  it('takes the classes that have sound', async () => {
    const said = await follow(/ucf101-vit-b-sound/);
    assert.deepEqual(last(said, 'evaluate')['classes'], ['ApplyEyeMakeup', 'HandstandPushups', 'PlayingCello']); // prettier-ignore
  });

  it('trains and measures the controls (AVME_LONG=1)', async function () {
    if (process.env['AVME_LONG'] === undefined) this.skip();
    const said = await follow(/for sound in/);
    assert.equal(said['evaluate']!.length, 3);
    for (const sound of ['mute', 'shuffled', 'presence']) {
      const description = JSON.parse(await readFile(scratch.path(`runs/${sound}/run.json`), 'utf8')) as { training: Event }; // prettier-ignore
      assert.equal(description.training['sound'], sound);
      assert.equal((await predictions(`results/${sound}`)).length, 4);
    }
  });

  it('pre-trains from scratch (AVME_LONG=1)', async function () {
    if (process.env['AVME_LONG'] === undefined) this.skip();
    const said = await follow(/pretrain-ucf101/);
    // All but what pre-training has no use for.
    const lacking = said['finetune']![0]![0]!['lacking'] as string[];
    assert.ok(
      lacking.every((name) =>
        /^(fusion_norm|still_audio_norm|fc_norm|head|encoder_to_decoder|audio_to_decoder|cross_a2v|cross_v2a|self_av|fusion_to_decoder)\./.test(
          name,
        ),
      ),
      lacking.join(),
    );
    assert.equal((await predictions('results/scratch')).length, 4);
  });
});
