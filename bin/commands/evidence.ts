import { z } from 'zod';
import { evidenceOptions, makeEvidence } from '../../experiments/evidence/make-evidence.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { duration } from '../cli/terminal.js';

const schema = evidenceOptions.safeExtend({ folder: z.string() });

export const evidenceCommand = defineCommand({
  name: 'evidence',
  example: 'avme evidence evidence/ --train 2000 --test 500',
  args: [{ name: '<folder>', key: 'folder', text: 'where the clips and their list go' }],
  schema,
  flags: {
    train: { value: 'n', text: 'clips to train with' },
    val: { value: 'n', text: 'clips to choose a recipe on, drawn as those to train with' },
    test: { value: 'n', text: 'clips to test with, of other parameters' },
    task: {
      value: 'name',
      text: 'classes: the twelve; lag: two, which picture and sound tell at an unknown lag alone',
    },
    seed: { value: 'n', text: 'another seed gives other clips' },
    size: { value: 'px', text: 'side of the pictures' },
    disturbance: {
      value: 'x',
      text: 'strength of noise, hum, blur, texture, camera movement and distractors; 0: none',
    },
    silent: { value: 'x', text: 'fraction of the clips without sound, whatever their class' },
    jobs: { value: 'n', text: 'clips encoded at once (default: one a core)' },
  },
  async run({ folder, ...options }, { report, signal }) {
    const summary = await makeEvidence({
      folder,
      options,
      signal,
      onClip: (done, total) => {
        report.event('clip', { done, total });
        report.progress(`${done}/${total} clips`);
      },
    });
    report.event('done', summary);
    const { clips, made, seconds, list } = summary;
    if (list === null) {
      report.line(`stopped after ${made} new clips; the same command goes on`);
      return EXIT.interrupted;
    }
    report.line(`${clips} clips, ${made} of them new, in ${duration(seconds)}; next:`);
    report.line(`  avme preprocess ${list} --cache CACHE --split train`);
    return EXIT.done;
  },
}); // prettier-ignore
