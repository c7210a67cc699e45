import { z } from 'zod';
import { makePlan, partsOption } from '../../pipeline/plan/make-plan.js';
import { preprocessOptions } from '../../pipeline/preprocess/options.js';
import type { LineError } from '../../stages/source/lists/line-error.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { preprocessFlags, SOURCE_ARGUMENT } from './preprocess.js';

const schema = preprocessOptions.safeExtend({
  source: z.string(),
  cache: z.string({ error: 'give the folder of the cache to make' }),
  parts: partsOption,
});

/** Lines that a person is shown; machines are told all. */
const SHOWN = 5;

/** What each worker decides for itself, and what has no meaning here. */
const OTHERS: ReadonlySet<string> = new Set(
  'shard scratch jobs maxFailures retryFailed dryRun'.split(' '),
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
    strict: { text: 'end at once when a line of the list is wrong' },
    cache: { value: 'folder', text: 'the cache to make; all machines must see this folder' },
    parts: {
      value: 'n',
      text: 'number of parts, or auto: about 500 clips each; a plan that is made again keeps its number',
    },
  },
  async run({ source, cache, parts, ...options }, { report, signal }) {
    let wrongLines = 0;
    const onWrongLine = (line: LineError) => {
      wrongLines++;
      report.event('wrong-line', { path: line.place, cause: line.why, detail: line.got });
      if (wrongLines <= SHOWN) report.line(`left out: ${line.message}`);
    };
    const lenient = options.strict ? {} : { onWrongLine };
    const plan = await makePlan({ source, cache, parts, options, signal, ...lenient });
    const { videos, ignored, digests } = plan;
    if (wrongLines > SHOWN) report.line(`left out: ${wrongLines} lines that are wrong`);
    report.event('plan', { videos, ignored, parts: digests.length, clips: videos * options.clips });
    report.line(
      `planned: ${videos} videos in ${digests.length} parts; on every machine run: avme work ${cache}`,
    );
    return EXIT.done;
  },
});
