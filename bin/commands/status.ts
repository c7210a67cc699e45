import { once } from 'node:events';
import { z } from 'zod';
import { planStatus, prometheusText, type PlanStatus } from '../../pipeline/plan/status.js';
import { defineCommand } from '../cli/command.js';
import { EXIT } from '../cli/failure.js';
import { serveMetrics } from '../cli/metrics-server.js';
import { duration, table } from '../cli/terminal.js';

const schema = z.strictObject({
  cache: z.string(),
  metrics: z.coerce
    .number()
    .int('must be a port, 0 to 65535')
    .min(0, 'must be a port, 0 to 65535')
    .max(65_535, 'must be a port, 0 to 65535')
    .nullable()
    .default(null),
});

/** The status for people. */
export function statusTable(status: PlanStatus): string {
  const { parts, done, active, videos, videosDone, clips, quarantined, clipsPerSecond, workers } = status; // prettier-ignore
  const rows = workers.map(({ worker, part, done: at, total, age, failure }) => [
    '',
    worker,
    failure !== null
      ? `failed: ${failure}`
      : part === null
        ? 'waits'
        : `part ${part}, ${at}/${total} videos`,
    `${duration(age)} ago`,
  ]);
  return table([
    ['parts', `${done} of ${parts} done, ${active} being worked on`],
    ['videos', `${videosDone} of ${videos} done, ${quarantined} in quarantine`],
    ['clips', `${clips} in parts that are done; ${clipsPerSecond.toFixed(1)} a second now`],
    ['workers', String(workers.length)],
    ...rows,
  ]);
}

export const statusCommand = defineCommand({
  name: 'status',
  example: 'avme status cache/',
  args: [{ name: '<cache>', key: 'cache', text: 'folder in which avme plan has made a plan' }],
  schema,
  flags: {
    metrics: {
      value: 'port',
      text: 'serve it to Prometheus of this machine, at http://127.0.0.1:PORT/metrics, until Ctrl-C',
    },
  },
  async run({ cache, metrics }, { report, signal }) {
    const status = await planStatus(cache);
    if (metrics === null) {
      report.event('status', status);
      report.line(statusTable(status));
      return EXIT.done;
    }
    const { port, close } = await serveMetrics(metrics, async () => prometheusText(await planStatus(cache))); // prettier-ignore
    const url = `http://127.0.0.1:${port}/metrics`;
    report.event('serving', { url });
    report.line(`serving ${url} until Ctrl-C`);
    if (!signal.aborted) await once(signal, 'abort');
    await close();
    return EXIT.done;
  },
});
