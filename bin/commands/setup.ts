import { z } from 'zod';
import { setup } from '../../engine/setup/setup.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';

const schema = z.strictObject({
  gpu: z.boolean().default(false),
  folder: z.string().optional(),
  wheel: z.string().optional(),
  force: z.boolean().default(false),
});

export const setupCommand = defineCommand({
  name: 'setup',
  example: 'avme setup',
  schema,
  flags: {
    gpu: { text: 'the build for NVIDIA GPUs, with their libraries (several GB)' },
    folder: {
      value: 'folder',
      text: 'where to put it; AVME_TENSORFLOW must then name it (default: one of yours, which no reinstall touches)',
    },
    wheel: { value: 'file', text: 'a wheel of TensorFlow, instead of asking pip for one' },
    force: { text: 'build again what is there' },
  },
  async run(options, { report, signal }) {
    const start = performance.now();
    const done = await setup({
      ...options,
      signal,
      onStep(words) {
        report.event('step', { step: words });
        report.line(`${words} …`);
      },
      onLine: (line) => {
        report.progress(line.slice(0, 100));
      },
    });
    const { version, gpu, gflops, folder, unchanged } = done;
    report.event('done', { ...done, seconds: (performance.now() - start) / 1000 });
    report.line(
      `TensorFlow ${version} ${unchanged ? 'works' : 'is set up and works'}, on the ${gpu ? 'GPU' : 'CPU'}: ${gflops} GFLOP/s; it lies in ${folder}`,
    );
    return EXIT.done;
  },
});
