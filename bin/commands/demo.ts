import { z } from 'zod';
import { BACKENDS } from '../../engine/backend.js';
import { DEMO, runDemo, SIDE } from '../../experiments/demo/demo.js';
import { reconstructionInTerminal } from '../../inspector/terminal/terminal-mode.js';
import { wholeNumber } from '../../stages/train/training-options.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { reportPreprocessing } from './preprocess.js';
import { reportTraining } from '../cli/training-flags.js';
import { duration } from '../cli/terminal.js';

const schema = z.strictObject({
  out: z.string().default('avme-demo'),
  steps: z.coerce.number().int().min(1).default(DEMO.steps),
  perClass: z.coerce.number().int().min(1).max(100).default(DEMO.perClass),
  backend: z.enum(['auto', ...BACKENDS]).default('auto'),
  trainWorkers: wholeNumber.optional(),
});

const CHAPTERS = 4;

export const demoCommand = defineCommand({
  name: 'demo',
  example: 'avme demo --out avme-demo',
  schema,
  flags: {
    out: { value: 'folder', text: 'where everything goes' },
    steps: { value: 'n', text: 'training steps' },
    perClass: { value: 'n', text: 'videos of each of the ten classes' },
    backend: { value: 'name', text: 'auto, tensorflow, webgpu, wasm or cpu' },
    trainWorkers: { value: 'n', text: 'threads that train (default: on wasm one a core; else 1)' },
  },
  async run({ out, steps, perClass, backend, trainWorkers }, { report, signal }) {
    const start = performance.now();
    let chapter = 0;
    const result = await runDemo({
      folder: out,
      steps,
      perClass,
      backend,
      trainWorkers,
      signal,
      onChapter: (title) => {
        const seconds = (performance.now() - start) / 1000;
        report.event('chapter', { number: ++chapter, of: CHAPTERS, title });
        report.line(`[${chapter}/${CHAPTERS}] ${title} (${duration(seconds)} so far)`);
      },
      onVideo: (done, total) => {
        report.progress(`${done}/${total} videos made`);
      },
      onPreprocess: reportPreprocessing(report),
      onPretrain: reportTraining(report),
      onPicture: async (made) => {
        report.picture(await reconstructionInTerminal(made, SIDE));
      },
    });
    const seconds = (performance.now() - start) / 1000;
    report.event('done', { seconds, ...result });
    if (result.interrupted) {
      report.line('stopped; the same command goes on');
      return EXIT.interrupted;
    }
    report.line(`\ndone in ${duration(seconds)}. Look at:`);
    for (const [what, path] of Object.entries(result.pictures)) report.line(`  ${path}  ${what}`);
    return EXIT.done;
  },
});
