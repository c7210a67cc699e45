import { z } from 'zod';
import { verifyOptions } from '../../pipeline/verify/options.js';
import { verifyCache, type VerifyEvent } from '../../pipeline/verify/verify.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { bytes as size, duration, type Report } from '../cli/terminal.js';

const schema = verifyOptions.safeExtend({ cache: z.string() });

/** Lines about bad samples that a person is shown; machines are told all. */
const SHOWN = 20;

function reportVerification(report: Report): (event: VerifyEvent) => void {
  let told = 0;
  return (event) => {
    report.event(event.event, event);
    switch (event.event) {
      case 'start':
        report.line(`${event.samples} samples in ${event.shards} shards, ${size(event.bytes)}`);
        break;
      case 'progress': {
        const { done, total, bytes, totalBytes, bad, seconds } = event;
        const rate = bytes / Math.max(seconds, 1e-9);
        report.progress(
          `${done}/${total} samples  ${(done / Math.max(seconds, 1e-9)).toFixed(0)}/s  ` +
            `${size(rate)}/s  ${duration((totalBytes - bytes) / Math.max(rate, 1))} left  ` +
            `${bad} bad`,
        );
        break;
      }
      case 'bad':
        if (++told > SHOWN) break;
        report.line(
          `bad: ${event.id ?? 'a sample'}${event.clip === null ? '' : `, clip ${event.clip}`} ` +
            `(key ${event.key}) in ${event.shard}: ${event.problem}`,
        );
        if (told === SHOWN) report.line('… further bad samples are counted; --json names all');
        break;
      case 'damaged':
        report.line(
          `damaged: ${event.file}: ${event.problem}` +
            (event.missing > 0 ? ` (${event.missing} samples cannot be found)` : ''),
        );
        break;
      case 'skipped':
        report.line(`not verified: ${event.shard} is being written`);
        break;
    }
  };
}

export const verifyCommand = defineCommand({
  name: 'verify',
  example: 'avme verify cache/ --drop',
  args: [{ name: '<cache>', key: 'cache', text: 'a cache folder' }],
  schema,
  flags: {
    jobs: { value: 'n', text: 'threads that read and check (default: one a core)' },
    deep: { text: 'also decode frames, and add up all values again to check the statistics' },
    drop: { text: 'take what is bad out of the cache: the next avme preprocess makes it again' },
  },
  async run({ cache, ...options }, { report, signal }) {
    const onEvent = reportVerification(report);
    const summary = await verifyCache({ cache, options, onEvent, signal });
    report.event('done', summary);
    const { good, bad, missing, damaged, dropped, bytes, seconds, interrupted } = summary;
    const wrong = bad + missing + damaged > 0;
    report.line(
      `${interrupted ? 'stopped' : 'done'}: ${good} samples good, ${bad} bad` +
        (missing > 0 ? `, ${missing} cannot be found` : '') +
        (damaged > 0 ? `, ${damaged} files damaged` : '') +
        `; ${size(bytes / Math.max(seconds, 1e-9))}/s, ${duration(seconds)}`,
    );
    if (interrupted) return EXIT.interrupted;
    if (!wrong) return EXIT.done;
    report.line(
      options.drop
        ? `${dropped} samples dropped; run avme preprocess again to make them anew`
        : 'restore the cache from a copy, or take out what is bad with --drop',
    );
    return options.drop ? EXIT.done : EXIT.failed;
  },
});
