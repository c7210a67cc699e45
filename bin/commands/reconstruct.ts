import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { BACKENDS } from '../../engine/backend.js';
import { reconstruct } from '../../pipeline/reconstruct.js';
import { maskRatioOption } from '../../stages/mask/tube-mask.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';

const index = { error: 'must be numbers of samples from 0, e.g. 0,5,9' };
const schema = z.strictObject({
  run: z.string({ error: 'give the folder that avme pretrain --run wrote' }),
  cache: z.string({ error: 'give the folder of a cache' }),
  out: z.string({ error: 'give the PNG to write' }).regex(/\.png$/i, { error: 'must end in .png' }),
  samples: z
    .union([z.string().transform((text) => text.split(',').map(Number)), z.array(z.number())])
    .pipe(z.array(z.number(index).int(index).min(0, index), index))
    .optional(),
  count: z.coerce.number().int().min(1).max(64).default(4),
  checkpoint: z.string().optional(),
  maskRatio: maskRatioOption.optional(),
  mask: z.enum(['epoch', 'cached']).default('epoch'),
  seed: z.coerce.number().int().min(0).default(0),
  mute: z.boolean().default(false),
  backend: z.enum(['auto', ...BACKENDS]).default('auto'),
});

export const reconstructCommand = defineCommand({
  name: 'reconstruct',
  example: 'avme reconstruct --run runs/a --cache cache/ --out recon.png',
  schema,
  flags: {
    run: { value: 'folder', text: 'a run folder of avme pretrain' },
    cache: { value: 'folder', text: 'a cache of the same frame count, size and MFCCs' },
    out: { value: 'file', text: 'the PNG to write' },
    samples: { value: 'list', text: 'which samples, e.g. 0,5,9 (default: spread over the cache)' },
    count: { value: 'n', text: 'how many, where --samples is not given' },
    checkpoint: { value: 'file', text: 'a checkpoint other than the run’s newest' },
    maskRatio: {
      value: 'x',
      text: 'mask ratio: part of the positions that are masked (default: the run’s)',
    },
    mask: { value: 'kind', text: 'epoch: drawn from the seed; cached: the cache’s own' },
    seed: { value: 'n', text: 'decides the masks' },
    mute: { text: 'without sound: what does the picture alone give?' },
    backend: { value: 'name', text: 'auto, tensorflow, webgpu, wasm or cpu' },
  },
  async run({ out, ...request }, { report }) {
    const { image, ...result } = await reconstruct({
      ...request,
      onEvent(event) {
        report.event(event.event, event);
        report.line(`note: ${event.text}`);
      },
    });
    await writeFile(out, image);
    report.event('done', { out, ...result });
    report.line(
      `wrote ${out}: ${result.samples.length} clips, mean squared error of the masked pixels ` +
        `${result.mse.toFixed(5)} (pixels in 0..1)`,
    );
    return EXIT.done;
  },
});
