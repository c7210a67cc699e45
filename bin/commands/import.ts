import { z } from 'zod';
import { importOptions } from '../../pipeline/exchange/import-options.js';
import { importWebDataset } from '../../pipeline/exchange/import.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { duration } from '../cli/terminal.js';

const schema = z.strictObject({
  tars: z
    .union([z.string().transform((tar) => [tar]), z.array(z.string())])
    .refine((tars) => tars.length > 0, { error: 'give the tars to import' }),
  cache: z.string({ error: 'give the folder of the cache to make or to add to' }),
  ...importOptions.shape,
});

export const importCommand = defineCommand({
  name: 'import',
  example: 'avme import tars/*.tar --cache cache/',
  args: [
    { name: '<tars...>', key: 'tars', text: 'tars that avme export or another program wrote' },
  ],
  schema,
  flags: {
    cache: { value: 'folder', text: 'the cache to make, or to add to' },
    size: {
      value: 'n',
      text: 'for tars that avme did not write: side of the square that the model sees (default: as large as the frames)',
    },
    patch: { value: 'n', text: 'for such tars: side of a patch in pixels' },
    maskRatio: { value: 'x', text: 'for such tars: ratio of positions that are masked' },
    store: { value: 'kind', text: 'for such tars: keep frames raw, or as jpeg or webp' },
    quality: { value: 'n', text: 'for such tars, with jpeg and webp: 1 to 100' },
    stride: { value: 'n', text: 'for such tars: frame steps of the video between frames' },
    shortSide: { text: 'for such tars: frames are of different sizes, with one short side' },
    seed: { value: 'n', text: 'for such tars: decides the masks' },
  },
  async run({ tars, cache, ...options }, { report, signal }) {
    const summary = await importWebDataset({
      tars,
      cache,
      options,
      signal,
      onProgress(progress) {
        const { samples, seconds } = progress;
        report.event('progress', progress);
        report.progress(`${samples} samples  ${(samples / Math.max(seconds, 1e-9)).toFixed(0)}/s`);
      },
    });
    report.event('done', summary);
    report.line(
      `${summary.interrupted ? 'stopped' : 'done'}: ${summary.samples} samples; ${summary.written} written, ` +
        `${summary.skipped} there already; ${duration(summary.seconds)}`,
    );
    return summary.interrupted ? EXIT.interrupted : EXIT.done;
  },
});
