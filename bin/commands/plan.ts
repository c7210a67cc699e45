import { z } from 'zod';
import { makePlan, partsOption } from '../../pipeline/plan/make-plan.js';
import { preprocessOptions } from '../../pipeline/preprocess/options.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { preprocessFlags, SOURCE_ARGUMENT } from './preprocess.js';

const schema = preprocessOptions.safeExtend({
  source: z.string(),
  cache: z.string({ error: 'give the folder of the cache to make' }),
  parts: partsOption,
});

/** What each worker decides for itself, and what has no meaning here. */
const OTHERS: ReadonlySet<string> = new Set(
  'shard scratch jobs maxFailures retryFailed strict dryRun'.split(' '),
);
const flags: typeof preprocessFlags = Object.fromEntries(
  Object.entries(preprocessFlags).filter(([name]) => !OTHERS.has(name)),
);

export const planCommand = defineCommand({
  name: 'plan',
  example: 'avme plan videos/ --cache cache/ --size 224',
  args: [SOURCE_ARGUMENT],
  schema,
  flags: {
    ...flags,
    cache: { value: 'folder', text: 'the cache to make; all machines must see this folder' },
    parts: {
      value: 'n',
      text: 'number of parts, or auto: about 500 clips each; a plan that is made again keeps its number',
    },
  },
  async run({ source, cache, parts, ...options }, { report, signal }) {
    const plan = await makePlan({ source, cache, parts, options, signal });
    const { videos, ignored, digests } = plan;
    report.event('plan', { videos, ignored, parts: digests.length, clips: videos * options.clips });
    report.line(
      `planned: ${videos} videos in ${digests.length} parts; on every machine run: avme work ${cache}`,
    );
    return EXIT.done;
  },
});
