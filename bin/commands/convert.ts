import { z } from 'zod';
import { convert } from '../../pipeline/convert.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';

const schema = z.strictObject({
  input: z.string(),
  output: z.string().regex(/\.safetensors$/i, { error: 'must end in .safetensors' }),
  names: z.enum(['original', 'huggingface']).default('original'),
  moments: z.boolean().default(false),
  ema: z.boolean().default(false),
});

export const convertCommand = defineCommand({
  name: 'convert',
  example: 'avme convert videomae.pth videomae.safetensors --names huggingface',
  args: [
    { name: '<input>', key: 'input', text: '.safetensors, or a .pth, .pt or .bin of torch.save' },
    { name: '<output>', key: 'output', text: 'the .safetensors to write' },
  ],
  schema,
  flags: {
    names: { value: 'kind', text: 'original: VideoMAE’s and ours; huggingface: transformers’' },
    moments: { text: 'keep the optimiser’s moments of a checkpoint' },
    ema: { text: 'the averaged weights of a checkpoint: model_ema of a .pth, ema. of ours' },
  },
  async run(request, { report }) {
    const done = await convert(request);
    const { from, to, tensors, values, left } = done;
    report.event('done', { ...done });
    report.line(
      `wrote ${request.output}: ${tensors} tensors, ${(values / 1e6).toFixed(2)} M values, names ${from} → ${to}`,
    );
    if (left.length > 0) report.line(`left out: ${left.join(', ')}`);
    return EXIT.done;
  },
});
