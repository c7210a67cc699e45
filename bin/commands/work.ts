import { z } from 'zod';
import { work, workOptions, type WorkEvent } from '../../pipeline/plan/work.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { QuarantineLines } from '../cli/quarantine-lines.js';
import { duration, type Report } from '../cli/terminal.js';
import { reportPreprocessing } from './preprocess.js';

const schema = workOptions.safeExtend({ cache: z.string() });

function reportWork(report: Report, lines: QuarantineLines): (event: WorkEvent) => void {
  const reportPart = reportPreprocessing(report, lines);
  return (event) => {
    switch (event.event) {
      case 'part':
        report.event(event.event, event);
        report.line(`part ${event.part} of ${event.parts}; ${event.left} left`);
        break;
      case 'wait':
        report.event(event.event, event);
        report.progress(`waiting for others, who are at the last ${event.left} parts`);
        break;
      case 'part-done':
        report.event(event.event, event);
        break;
      case 'queue':
        report.event(event.event, event);
        for (const note of event.notes) report.line(note);
        break;
      case 'queue-lost':
        report.event(event.event, event);
        report.line(`${event.cause}; the part at hand goes on, and the connection is tried again`);
        break;
      case 'queue-back':
        report.event(event.event, event);
        report.line(`${event.queue}: connected again`);
        break;
      case 'start':
      case 'progress':
      case 'quarantined':
      case 'space':
      case 'duplicate':
        reportPart(event);
    }
  };
}

export const workCommand = defineCommand({
  name: 'work',
  example: 'avme work cache/ --jobs 8',
  args: [{ name: '<cache>', key: 'cache', text: 'folder in which avme plan has made a plan' }],
  schema,
  flags: {
    shard: {
      value: 'i/n',
      text: 'only parts p with p mod n = i, whatever others do: for array jobs (default: what no other worker is at)',
    },
    queue: {
      value: 'url',
      text: 'get parts from a queue in Redis, redis://HOST:PORT or rediss:// (default: workers avoid each other by files in the cache)',
    },
    videos: {
      value: 'folder',
      text: 'where the videos are on this machine (default: where they were when the plan was made)',
    },
    patience: {
      value: 's',
      text: 'seconds after which a worker that says nothing is taken for dead, and its part made by another',
    },
    scratch: {
      value: 'folder',
      text: 'a folder on a local disk to write in; the part gets what is sealed (default: the temporary folder where the cache lies on another machine)',
    },
    jobs: { value: 'n', text: 'videos worked on at once' },
    maxFailures: { value: 'n|p%', text: 'stop when more videos of a part than this fail' },
    retryFailed: { text: 'try the videos in quarantine again' },
  },
  async run({ cache, ...options }, { report, signal }) {
    const lines = new QuarantineLines(report);
    const onEvent = reportWork(report, lines);
    const summary = await work({ cache, options, onEvent, signal });
    report.event('done', summary);
    lines.summary();
    const { parts, clips, quarantined, seconds, interrupted } = summary;
    report.line(
      `${interrupted ? 'stopped' : 'done'}: ${parts} parts by this worker, ${clips} clips written, ` +
        `${quarantined} videos quarantined; ${duration(seconds)}` +
        (interrupted ? '' : `; when all workers are done: avme merge ${cache}`),
    );
    return interrupted ? EXIT.interrupted : EXIT.done;
  },
});
