import { z } from 'zod';
import { PLUGIN_PACKAGES, setupPlugin, type PluginPackage } from '../../engine/setup/plugin.js';
import { setup } from '../../engine/setup/setup.js';
import { setupDecoder } from '../../pipeline/setup-decoder.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import type { Report } from '../cli/terminal.js';

const CUDA = Object.keys(PLUGIN_PACKAGES) as [PluginPackage, ...PluginPackage[]];

const schema = z.strictObject({
  decoder: z.boolean().default(false),
  gpu: z.boolean().default(false),
  cuda: z.enum(CUDA).default('cuda13'),
  plugin: z.string().optional(),
  tensorflowGpu: z.boolean().default(false),
  folder: z.string().optional(),
  wheel: z.string().optional(),
  force: z.boolean().default(false),
});

const telling = (report: Report) => ({
  onStep(words: string) {
    report.event('step', { step: words });
    report.line(`${words} …`);
  },
  onLine: (line: string) => {
    report.progress(line.slice(0, 100));
  },
});

export const setupCommand = defineCommand({
  name: 'setup',
  example: 'avme setup',
  schema,
  flags: {
    decoder: {
      text: 'libav for preprocess, faster than ffmpeg: 62 MB from npm, under the GPL',
    },
    gpu: { text: "XLA's plugin for NVIDIA GPUs, with their libraries (several GB): for training" },
    cuda: { value: 'name', text: 'cuda13, or cuda12 for drivers before 580' },
    plugin: { value: 'file', text: 'a PJRT plugin of your own, for GPUs of other makers' },
    tensorflowGpu: { text: 'native TensorFlow in the build for NVIDIA GPUs (several GB)' },
    folder: {
      value: 'folder',
      text: 'where to put it; AVME_TENSORFLOW, AVME_XLA or AVME_LIBAV must then name it (default: one of yours, which no reinstall touches)',
    },
    wheel: { value: 'file', text: 'a wheel of TensorFlow, instead of asking pip for one' },
    force: { text: 'build again what is there' },
  },
  async run({ decoder, gpu, cuda, plugin, tensorflowGpu, wheel, ...common }, { report, signal }) {
    const start = performance.now();
    const seconds = () => (performance.now() - start) / 1000;
    const told = { ...common, ...telling(report), signal };
    if (decoder) {
      const done = await setupDecoder(told);
      report.event('done', { ...done, seconds: seconds() });
      report.line(
        `libav ${done.version} ${done.unchanged ? 'works' : 'is set up and works'}; it lies in ${done.folder}`,
      );
      return EXIT.done;
    }
    if (gpu || plugin !== undefined) {
      const done = await setupPlugin({ ...told, plugin, package: cuda });
      report.event('done', { ...done, seconds: seconds() });
      report.line(`XLA ${done.unchanged ? 'works' : 'is set up and works'}, on ${done.device} by ${done.platform}; it lies in ${done.folder}`); // prettier-ignore
      return EXIT.done;
    }
    const done = await setup({ ...told, gpu: tensorflowGpu, wheel });
    const { version, gpu: onGpu, gflops, folder, unchanged } = done;
    report.event('done', { ...done, seconds: seconds() });
    report.line(
      `TensorFlow ${version} ${unchanged ? 'works' : 'is set up and works'}, on the ${onGpu ? 'GPU' : 'CPU'}: ${gflops} GFLOP/s; it lies in ${folder}`,
    );
    return EXIT.done;
  },
});
