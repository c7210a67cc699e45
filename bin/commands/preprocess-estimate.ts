import { estimatePreprocess, type Estimate } from '../../pipeline/preprocess/dry-run.js';
import type { EstimateRequest } from '../../pipeline/preprocess/dry-run-probe.js';
import type { Context } from '../cli/command.js';
import { bytes, duration, table } from '../cli/terminal.js';

const videos = (count: number) => `${count} ${count === 1 ? 'video' : 'videos'}`;

function sourceRow({
  videos: count,
  ignored,
  wrongLines,
  missing,
  present,
  quarantined,
}: Estimate): string {
  const others = Object.entries(ignored).map(([kind, files]) => `${files} ${kind}`);
  return [
    videos(count),
    others.length > 0 ? `passed over, as no video: ${others.join(', ')}` : '',
    wrongLines > 0 ? `${wrongLines} lines of the list are wrong` : '',
    missing > 0 ? `${missing} without a file` : '',
    present > 0 ? `${present} in the cache already` : '',
    quarantined > 0 ? `${quarantined} in quarantine, left there` : '',
  ]
    .filter((part) => part !== '')
    .join('; ');
}

/** An estimate for people. */
export function estimateTable(estimate: Estimate): string {
  const { pending, probe, clips, bytesPerClip, freeBytes, fits, seconds, jobs } = estimate;
  const bad = probe.quarantined.length;
  const source = ['source', sourceRow(estimate)];
  if (pending === 0) return table([source, ['to do', 'nothing']]);
  return table([
    source,
    ['to do', `${videos(pending)}, about ${clips} clips`],
    [
      'tried',
      `${videos(probe.videos)} in ${duration(probe.seconds)}` +
        (bad > 0 ? `; ${bad} could not be used` : ''),
    ],
    ...probe.quarantined.map(({ path, cause }) => ['', `${path}: ${cause}`]),
    ['cache', `about ${bytes(estimate.bytes)} more, ${bytes(bytesPerClip)} a clip`],
    ['disk', `${bytes(freeBytes)} free: ${fits ? 'enough' : 'not enough'}`],
    ['time', `about ${duration(seconds)} with --jobs ${jobs}`],
  ]);
}

/** Prints what a run would come to. */
export async function showEstimate(request: EstimateRequest, { report }: Context): Promise<void> {
  const estimate = await estimatePreprocess({
    ...request,
    onProbe(done, total) {
      report.progress(`trying ${done}/${total} videos`);
    },
  });
  report.event('estimate', estimate);
  report.line(estimateTable(estimate));
}
