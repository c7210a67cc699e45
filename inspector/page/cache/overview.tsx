import type { Count, OverviewAnswer } from '../../views/answers.js';
import { NONE } from '../../views/cache/filter.js';
import { Bars, bytes, countBars, Fields, histogramBars, number, percent, Tile } from '../parts/figures.js'; // prettier-ignore
import { Waiting } from '../parts/message.js';
import { writeRoute, type Route } from '../route.js';

/** More bars are a list, not a picture. */
const MOST_BARS = 40;

interface OverviewProps {
  readonly route: Route;
  readonly overview: OverviewAnswer;
}

/** Counts whose names lead to the samples they count. */
function linked(route: Route, name: string, counts: readonly Count[], none: string) {
  return countBars(counts.slice(0, MOST_BARS), none).map((bar, i) => {
    const value = counts[i]?.[0] ?? '';
    const query = new URLSearchParams({ [name]: value === '' ? NONE : value });
    return { ...bar, href: writeRoute({ ...route, view: 'gallery', query }) };
  });
}

function Survey({ overview: { survey, surveyed, samples } }: OverviewProps) {
  if (survey === null) return <Waiting what={`Reading headers, ${percent(surveyed, 1)}`} />;
  const { durations, frameRates, sizes, substituted, held, warnings, damaged } = survey;
  return (
    <>
      <Bars caption="Clip length in seconds" bars={histogramBars(durations)} of={samples} />
      {frameRates !== null && (
        <Bars
          caption="Frames a second in the source"
          bars={histogramBars(frameRates)}
          of={samples}
        />
      )}
      <Bars caption="Stored frames in pixels" bars={countBars(sizes, '')} of={samples} />
      <Bars
        caption="Out of the ordinary"
        bars={[
          { name: 'no sound', count: samples - survey.sound - damaged },
          { name: 'frames substituted', count: substituted },
          { name: 'last frame held', count: held },
          { name: 'decoder warnings', count: warnings },
          ...(damaged > 0 ? [{ name: 'damaged', count: damaged }] : []),
        ]}
        of={samples}
      />
    </>
  );
}

export function Overview({ route, overview }: OverviewProps) {
  const { samples, labels, labelCount, splits } = overview;
  return (
    <div class="overview">
      <dl class="tiles">
        <Tile name="samples">{number(samples)}</Tile>
        <Tile name="with sound">{percent(overview.audioPresent, samples)}</Tile>
        <Tile name="labels">{number(labelCount)}</Tile>
        <Tile name="size">{bytes(overview.bytes)}</Tile>
        <Tile name="shards">{number(overview.shards)}</Tile>
        <Tile name="quarantined">{number(overview.quarantined)}</Tile>
      </dl>
      <div class="panels">
        <Bars
          caption={labels.length > MOST_BARS ? `Labels, the ${MOST_BARS} most frequent` : 'Labels'}
          bars={linked(route, 'label', labels, 'no label')}
          of={samples}
        />
        <Bars caption="Splits" bars={linked(route, 'split', splits, 'no split')} of={samples} />
        <Survey route={route} overview={overview} />
      </div>
      <h2>How it was made</h2>
      <p class="mono" title="Of everything that changes what is in the cache">
        fingerprint {overview.fingerprint}
      </p>
      <p class="mono faint">{overview.folder}</p>
      <div class="panels">
        <Fields caption="Configuration" fields={overview.configuration} />
        <Fields caption="Shape of a clip" fields={overview.shape} />
        <Fields caption="Made with" fields={overview.tools} />
        <Fields caption="Statistics" fields={overview.statistics} />
      </div>
    </div>
  );
}
