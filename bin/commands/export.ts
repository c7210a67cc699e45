import { z } from 'zod';
import { exportNumpy, exportWebDataset } from '../../pipeline/exchange/export.js';
import { exportOptions } from '../../pipeline/exchange/export-options.js';
import { defineCommand } from '../cli/command.js';
import { EXIT, UsageError } from '../cli/failure.js';
import { bytes, duration } from '../cli/terminal.js';

const FORMATS = ['webdataset', 'npz', 'npy'] as const;

const schema = z.strictObject({
  cache: z.string({ error: 'give the folder of a cache' }),
  out: z.string({ error: 'give the file or folder to write' }),
  to: z.enum(FORMATS).optional(),
  ...exportOptions.shape,
  sample: z.coerce
    .number({ error: 'must be the number of a sample, from 0' })
    .int({ error: 'must be a whole number' })
    .min(0, { error: 'must be 0 or more' })
    .optional(),
  array: z.enum(['frames', 'mask', 'mfcc', 'mel']).default('frames'),
});

/** What the name of the export says, where `--to` does not. */
function formatOf(out: string): (typeof FORMATS)[number] {
  if (/\.npz$/i.test(out)) return 'npz';
  return /\.npy$/i.test(out) ? 'npy' : 'webdataset';
}

export const exportCommand = defineCommand({
  name: 'export',
  example: 'avme export cache/ tars/ --split train',
  args: [
    { name: '<cache>', key: 'cache', text: 'a cache folder' },
    { name: '<out>', key: 'out', text: 'FILE.tar, a folder for many tars, FILE.npz or FILE.npy' },
  ],
  schema,
  flags: {
    to: { value: 'format', text: 'webdataset, npz or npy (default: by the name of the output)' },
    split: { value: 'list', text: 'only samples of these splits, e.g. train,val' },
    label: { value: 'list', text: 'only samples with these labels' },
    samples: { value: 'list', text: 'only these samples, e.g. 0,5,10-19' },
    shardSamples: { value: 'n', text: 'samples a tar, where the output is a folder' },
    frames: {
      value: 'kind',
      text: 'stored: as the cache keeps them; npy: decoded pixels; jpg: a picture a frame, not to be imported',
    },
    quality: { value: 'n', text: 'with --frames jpg: quality, 1 to 100' },
    sample: { value: 'n', text: 'with npz and npy: which sample' },
    array: { value: 'name', text: 'with npy: frames, mask, mfcc or mel' },
  },
  async run({ cache, out, to, sample, array, ...options }, { report, signal }) {
    const format = to ?? formatOf(out);
    if (format !== 'webdataset') {
      if (sample === undefined)
        throw new UsageError(`--to ${format} writes one sample: say which with --sample N`);
      const written = await exportNumpy(cache, sample, out, format === 'npz' ? 'all' : array);
      report.event('done', { samples: 1, files: [out], bytes: written.bytes });
      report.line(`wrote ${out}, ${bytes(written.bytes)}`);
      return EXIT.done;
    }
    if (sample !== undefined)
      throw new UsageError('--sample is for npz and npy; for a tar of some samples use --samples');
    const summary = await exportWebDataset({
      cache,
      out,
      options,
      signal,
      onProgress(progress) {
        const { done, total, seconds } = progress;
        report.event('progress', progress);
        report.progress(
          `${done}/${total} samples  ${(done / Math.max(seconds, 1e-9)).toFixed(0)}/s`,
        );
      },
    });
    report.event('done', summary);
    report.line(
      `wrote ${summary.samples} samples into ${summary.files.length} ` +
        `${summary.files.length === 1 ? 'tar' : 'tars'}, ${bytes(summary.bytes)}; ${duration(summary.seconds)}`,
    );
    return EXIT.done;
  },
});
