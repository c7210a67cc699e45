import { z } from 'zod';
import { embedOptions } from '../../pipeline/embed/embed-options.js';
import { embedToFile } from '../../pipeline/embed/embed-to-file.js';
import type { EmbedSummary } from '../../pipeline/embed/embed.js';
import { dataOptions } from '../../pipeline/training/data/training-data.js';
import { failureRow } from '../../stages/exchange/embeddings/rows.js';
import { clipFlags, modelUse, timeWords } from '../cli/clip-flags.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { visible } from '../cli/terminal.js';
import { dataFlags } from '../cli/training-flags.js';

const schema = embedOptions.safeExtend({
  ...modelUse.shape,
  ...dataOptions.omit({ repeat: true }).shape,
  out: z.string({ error: 'give the file to write' }).regex(/\.(npy|safetensors|jsonl|parquet)$/i, {
    error: 'must end in .npy, .safetensors, .jsonl or .parquet',
  }),
});

export const embedCommand = defineCommand({
  name: 'embed',
  example: 'avme embed runs/a cache/ --out features.npy',
  args: [
    { name: '<run>', key: 'run', text: 'a run folder of avme pretrain or avme finetune' },
    {
      name: '<source...>',
      key: 'source',
      text: 'a cache; or videos, folders or lists of videos; -: paths on stdin, one a line',
    },
  ],
  schema,
  flags: {
    out: { value: 'file', text: '.npy, .safetensors, .jsonl or .parquet; goes on if interrupted' },
    of: { value: 'kind', text: 'picture; fused: picture and sound; sound: alone' },
    layer: { value: 'n', text: 'block of the picture’s encoder, from 1 (default: the last)' },
    tokens: { text: 'all tokens of a clip, not their mean' },
    labels: dataFlags.labels,
    splits: dataFlags.splits,
    keys: dataFlags.keys,
    ...clipFlags,
  },
  async run({ out, labels, splits, keys, ...request }, { report, signal }) {
    let summary: EmbedSummary | undefined;
    const { shape, failures, resumed } = await embedToFile({
      ...request,
      data: { labels, splits, keys },
      out,
      signal,
      onEvent(event) {
        if (event.event === 'done') summary = event;
        else report.event(event.event, event);
        if (event.event === 'note') report.line(`note: ${event.text}`);
        else if (event.event === 'progress') report.progress(`${event.clips} clips`);
      },
      onResult(result) {
        if (result.kind !== 'failure') return;
        report.event('failure', failureRow.parse(result));
        report.line(`${visible(result.id)}  cannot be embedded: ${result.cause}`);
      },
    });
    report.event('done', { ...summary, out, shape, failures: failures.length, resumed });
    const before = resumed > 0 ? `, ${resumed} of them from before` : '';
    report.line(`wrote ${out}: float32 ${shape.join(' × ')}${before}${failures.length > 0 ? `; ${failures.length} failures` : ''}`); // prettier-ignore
    if (summary !== undefined) report.line(timeWords(summary));
    return EXIT.done;
  },
});
