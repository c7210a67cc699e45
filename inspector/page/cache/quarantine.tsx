import type { OverviewAnswer } from '../../views/answers.js';
import { number } from '../parts/figures.js';

/** Videos that could not be used, and why. */
export function QuarantineTable({ overview }: { overview: OverviewAnswer }) {
  const { quarantine, quarantined } = overview;
  if (quarantined === 0) return <p class="note">Every video of the source could be used.</p>;
  return (
    <>
      <p class="note">
        {number(quarantined)} {quarantined === 1 ? 'video' : 'videos'} could not be used
        {quarantine.length < quarantined &&
          `; the first ${number(quarantine.length)} are shown`}.{' '}
        <code>avme preprocess --retry-failed</code> tries them again.
      </p>
      <ul class="quarantine">
        {quarantine.map(({ path, stage, cause, detail, time }) => (
          <li key={path}>
            <p class="cause">{cause}</p>
            <p class="mono">{path}</p>
            <p class="faint">
              {stage} · {new Date(time).toLocaleString()}
            </p>
            {detail !== '' && (
              <details>
                <summary>ffmpeg’s own words</summary>
                <pre>{detail}</pre>
              </details>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
