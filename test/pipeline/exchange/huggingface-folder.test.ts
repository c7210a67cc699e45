import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { writeHuggingFaceFolder } from '../../../pipeline/exchange/huggingface-folder.js';
import { readWeightsOf } from '../../../pipeline/evaluate/weights.js';
import { readRun } from '../../../pipeline/training/run/run-folder.js';
import { readWeights } from '../../../model/weights/read-weights.js';
import { modelConfig } from '../../../model/model-config.js';
import type { ClipBatch } from '../../../stages/batch/batch.js';
import { createClassifier } from '../../../stages/evaluate/classify.js';
import { createTrainer } from '../../../stages/train/train.js';
import { reconstructionObjective } from '../../../stages/train/objective.js';
import { trainingOptions } from '../../../stages/train/training-options.js';
import { useBackend } from '../../../engine/backend.js';
import { avme } from '../../support/cli.js';
import { usePython } from '../../support/python.js';
import { slow } from '../../support/slow.js';
import { useTinyRuns } from '../../support/tiny-run.js';

const CLIPS = 3;
const [FRAMES, SIDE, PATCH] = [16, 32, 8];
const TOKENS = (FRAMES / 2) * (SIDE / PATCH) ** 2;

/** Noise, its masks different for each clip, as many tokens masked in all. */
function someClips(): ClipBatch {
  const video = Uint8Array.from({ length: CLIPS * FRAMES * SIDE * SIDE * 3 }, (_, i) => (i * 2654435761) >>> 24); // prettier-ignore
  const order = Array.from({ length: CLIPS }, (_, clip) => Array.from({ length: TOKENS }, (_, i) => (i * 37 + clip * 11) % TOKENS)); // prettier-ignore
  const sorted = (from: number, to: number) =>
    Int32Array.from(order.flatMap((tokens) => tokens.slice(from, to).sort((a, b) => a - b)));
  const kept = TOKENS / 4;
  return {
    ...{ video, visible: sorted(0, kept), masked: sorted(kept, TOKENS) },
    ...{ mfcc: new Float32Array(CLIPS * 256 * 13), audioPresent: new Float32Array(CLIPS) },
    ...{ position: 0, keys: ['a', 'b', 'c'] },
  };
}

const SCRIPT = `
import json, sys, numpy as np, torch
from transformers import VideoMAEForPreTraining, VideoMAEForVideoClassification
folder, video, masked, clips, frames, side, tokens = sys.argv[1:4] + [int(x) for x in sys.argv[4:]]
config = json.load(open(folder + "/config.json")); pre = json.load(open(folder + "/preprocessor_config.json"))
x = np.fromfile(video, np.uint8).reshape(clips, frames, side, side, 3).astype(np.float64) * pre["rescale_factor"]
x = torch.tensor((x - pre["image_mean"]) / pre["image_std"], dtype=torch.float32).permute(0, 1, 4, 2, 3)
kind = VideoMAEForPreTraining if config["architectures"][0] == "VideoMAEForPreTraining" else VideoMAEForVideoClassification
model, info = kind.from_pretrained(folder, output_loading_info=True)
model.eval()
assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
with torch.no_grad():
    if kind is VideoMAEForPreTraining:
        mask = torch.zeros(clips, tokens, dtype=torch.bool)
        index = torch.tensor(np.fromfile(masked, np.int32).reshape(clips, -1), dtype=torch.int64)
        mask.scatter_(1, index, True)
        print(json.dumps([model(x, bool_masked_pos=mask).loss.item()]))
    else:
        print(json.dumps(model(x).logits.softmax(-1).flatten().tolist() + [len(model.config.id2label)]))
`;

slow.describe('a folder for transformers', function () {
  this.timeout(300_000);
  const { path, pretrain } = useTinyRuns();
  const python = usePython('torch', 'transformers', 'numpy');
  const batch = someClips();

  /** What transformers makes of the same clips. */
  async function theirs(folder: string): Promise<number[]> {
    await writeFile(path('video.bin'), batch.video);
    await writeFile(path('masked.bin'), new Uint8Array(batch.masked.buffer));
    const sizes = [CLIPS, FRAMES, SIDE, TOKENS].map(String);
    const out = python(SCRIPT, folder, path('video.bin'), path('masked.bin'), ...sizes);
    return JSON.parse(out.trim().split('\n').at(-1)!) as number[];
  }

  async function done(args: readonly string[]): Promise<void> {
    const { code, stderr } = await avme(args);
    assert.equal(code, 0, stderr);
  }

  before(async () => {
    await useBackend('wasm');
    await done(pretrain('v', '--variant', 'v'));
  });

  for (const target of ['normalised', 'raw'])
    it(`has the loss of a run of pre-training, of ${target} pixels`, async () => {
      const name = `v-${target}`;
      await done(pretrain(name, '--variant', 'v', '--target', target));
      await done(['convert', path(name), path(`hf-${name}`), '--to', 'huggingface']);
      const config = modelConfig.parse((await readRun(path(name))).model);
      const { tensors } = await readWeightsOf(path(name));
      const trainer = createTrainer({
        ...{ objective: reconstructionObjective(config), options: trainingOptions.parse({}), initial: tensors, step: 0 },
        plan: { steps: 1, warmupSteps: 0, lr: 0, minLr: 0 },
      }); // prettier-ignore
      const { loss } = await trainer.measure((async function* () { yield await Promise.resolve(batch); })()); // prettier-ignore
      trainer.dispose();
      const [expected = NaN] = await theirs(path(`hf-${name}`));
      assert.ok(Math.abs(loss - expected) < 1e-4 * expected, `${loss} and ${expected}`);
    });

  it('has the probabilities and the classes of a classifier of the picture', async () => {
    const flags = '--steps 8 --batch 4 --lr 3e-3 --backend wasm'.split(' ');
    await done(['finetune', '--cache', path('cache'), '--init', path('v'), '--run', path('tuned'), '--fusion', 'picture', ...flags]); // prettier-ignore
    await writeHuggingFaceFolder({ run: path('tuned'), output: path('hf-tuned') });
    const { model, classifier } = await readRun(path('tuned'));
    const { tensors } = await readWeightsOf(path('tuned'));
    const ours = createClassifier(modelConfig.parse(model), classifier!.head, tensors);
    const probabilities = await ours.probabilities(batch);
    ours.dispose();
    const expected = await theirs(path('hf-tuned'));
    assert.equal(expected.at(-1), classifier!.classes.length);
    probabilities.forEach((p, i) => { assert.ok(Math.abs(p - expected[i]!) < 1e-4, `${p} and ${expected[i]}`); }); // prettier-ignore
    const { id2label } = JSON.parse(await readFile(path('hf-tuned/config.json'), 'utf8')) as { id2label: object }; // prettier-ignore
    assert.deepEqual(Object.values(id2label), classifier!.classes);
  });

  it('begins a training, whole or in parts', async () => {
    await writeHuggingFaceFolder({ run: path('v'), output: path('hf') });
    const { tensors: whole } = await readWeights(path('hf'));
    const { tensors: ours } = await readWeightsOf(path('v'));
    for (const [name, { data }] of whole) assert.deepEqual(data, ours.get(name)!.data, name);
    assert.equal(
      whole.size,
      ours.size - [...ours.keys()].filter((name) => name.startsWith('optimizer.')).length,
    );
    // What save_pretrained(max_shard_size=…) of the real library writes.
    python(
      'import sys; from transformers import VideoMAEForPreTraining as M\n' +
        "M.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[2], max_shard_size='20KB')",
      path('hf'),
      path('parts'),
    );
    assert.ok((await readdir(path('parts'))).filter((name) => name.endsWith('.safetensors')).length > 1); // prettier-ignore
    const { tensors: parts } = await readWeights(path('parts'));
    assert.deepEqual([...parts.keys()].sort(), [...whole.keys()].sort());
    for (const [name, { data }] of parts) assert.deepEqual(data, whole.get(name)!.data, name);
    await done(pretrain('again', '--variant', 'v', '--init', path('parts')));
    const flags = '--steps 2 --batch 4 --backend wasm --fusion picture --width 24 --depth 1 --heads 2 --decoder-width 16 --decoder-depth 1 --decoder-heads 2'; // prettier-ignore
    await done(['finetune', '--cache', path('cache'), '--init', path('parts'), '--run', path('from-parts'), ...flags.split(' ')]); // prettier-ignore
  });

  it('is refused to a run that hears', async () => {
    await done(pretrain('av'));
    const convert = writeHuggingFaceFolder({ run: path('av'), output: path('hf-av') });
    await assert.rejects(convert, /transformers' VideoMAE hears nothing, and this run \(av\) does/);
  });
});
