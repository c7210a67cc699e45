import { z } from 'zod';
import { convert } from '../../pipeline/convert.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';

const schema = z
  .strictObject({
    input: z.string(),
    output: z.string(),
    to: z.enum(['safetensors', 'huggingface']).default('safetensors'),
    names: z.enum(['original', 'huggingface']).default('original'),
    moments: z.boolean().default(false),
    ema: z.boolean().default(false),
    checkpoint: z.string().optional(),
  })
  .refine(({ to, output }) => to === 'huggingface' || /\.safetensors$/i.test(output), {
    path: ['output'],
    message: 'must end in .safetensors, or be a folder with --to huggingface',
  })
  .refine(({ to, checkpoint }) => to === 'huggingface' || checkpoint === undefined, {
    path: ['checkpoint'],
    message: 'is for --to huggingface; else give the file itself',
  });

export const convertCommand = defineCommand({
  name: 'convert',
  example: 'avme convert videomae.pth videomae.safetensors --names huggingface',
  args: [
    {
      name: '<input>',
      key: 'input',
      text: '.safetensors, or a .pth, .pt or .bin of torch.save; with --to huggingface a run folder',
    },
    { name: '<output>', key: 'output', text: 'the .safetensors to write, or the folder' },
  ],
  schema,
  flags: {
    to: {
      value: 'kind',
      text: 'safetensors, or huggingface: a folder that transformers’ VideoMAE loads by from_pretrained',
    },
    names: { value: 'kind', text: 'original: VideoMAE’s and ours; huggingface: transformers’' },
    moments: { text: 'keep the optimiser’s moments of a checkpoint' },
    ema: {
      text: 'the averaged weights of a checkpoint: model_ema of a .pth, ema. of ours; a run’s always, where it has some',
    },
    checkpoint: {
      value: 'which',
      text: 'of a run: best, last or a file (default: best, where there is one)',
    },
  },
  async run({ to: kind, checkpoint, ...request }, { report }) {
    const { input: run, output } = request;
    // Loaded where it is wanted: it needs the model, and with it TensorFlow.js.
    const huggingFace = () => import('../../pipeline/exchange/huggingface-folder.js');
    const done =
      kind === 'huggingface'
        ? await (await huggingFace()).writeHuggingFaceFolder({ run, output, checkpoint })
        : await convert(request);
    const { from, to, tensors, values, left } = done;
    report.event('done', { ...done });
    report.line(
      `wrote ${request.output}: ${tensors} tensors, ${(values / 1e6).toFixed(2)} M values, names ${from} → ${to}`,
    );
    if (left.length > 0) report.line(`left out: ${left.join(', ')}`);
    return EXIT.done;
  },
});
