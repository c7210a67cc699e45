import { z } from 'zod';
import { BACKENDS } from '../../engine/backend.js';
import { search } from '../../pipeline/search/search.js';
import { wholeNumber } from '../../stages/train/training-options.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { table } from '../cli/terminal.js';

const schema = z.strictObject({
  index: z.string(),
  query: z.string(),
  top: wholeNumber.default(10),
  run: z.string().optional(),
  backend: z.enum(['auto', ...BACKENDS]).default('auto'),
});

export const searchCommand = defineCommand({
  name: 'search',
  example: 'avme search features.npy holiday.mp4',
  args: [
    { name: '<index>', key: 'index', text: 'an .npy or .safetensors file of avme embed' },
    { name: '<query>', key: 'query', text: 'a video file; or a key or an id of the collection' },
  ],
  schema,
  flags: {
    top: { value: 'n', text: 'clips that are found' },
    run: { value: 'folder', text: 'the run that embedded the collection (default: where it was)' },
    backend: { value: 'name', text: 'auto, tensorflow, webgpu, wasm or cpu' },
  },
  async run({ index, query, top, run, backend }, { report, signal }) {
    const start = performance.now();
    const matches = await search({ index, query, top, run, backend, signal });
    for (const match of matches) report.event('match', match);
    report.event('done', { matches: matches.length, seconds: (performance.now() - start) / 1000 });
    const rows = matches.map(({ similarity, id, label, start, end }) => [
      similarity.toFixed(4),
      `${start.toFixed(1)}–${end.toFixed(1)} s`,
      label ?? '',
      id,
    ]);
    report.line(table([['cosine', 'clip', 'label', 'id'], ...rows]));
    return EXIT.done;
  },
});
