import { useEffect } from 'preact/hooks';
import type { MaskAnswer, Neighbour, SampleAnswer } from '../../views/answers.js';
import { readFilter, writeFilter } from '../../views/cache/filter.js';
import { address } from '../address.js';
import { embedded, pictureAt } from '../api.js';
import { drawMask } from '../draw.js';
import { useAnswer, useKeys, usePicture } from '../hooks.js';
import { Frame } from '../parts/frame.js';
import { number } from '../parts/figures.js';
import { Message, Waiting } from '../parts/message.js';
import { withQuery, writeRoute, type Route } from '../route.js';
import type { ViewProps } from '../view-props.js';
import { MaskControls } from './mask-controls.js';
import { MfccMap } from './mfcc-map.js';
import { frameAt, usePlayback } from './playback.js';
import { Provenance } from './provenance.js';
import { SoundButton } from './sound-button.js';

/** Side of a frame in the strip, in CSS pixels. */
const STRIP = 104;

function galleryOf(route: Route, sample: SampleAnswer | undefined): Route {
  const filter = new URLSearchParams(writeFilter(readFilter(route.query)));
  const gallery = { ...route, view: 'gallery', key: '', query: filter };
  return withQuery(gallery, { at: sample?.position ?? undefined });
}

export function SampleView({ route, go }: ViewProps) {
  const { data: found, problem } = useAnswer<{ index: number }>(
    address(`caches/${route.id}/find`, { key: route.key }),
  );
  const filter = Object.fromEntries(readFilterQuery(route));
  const { data: sample, problem: broken } = useAnswer<SampleAnswer>(
    found && address(`caches/${route.id}/samples/${found.index}`, filter),
  );
  useKeys({ Escape: () => { go(galleryOf(route, sample)); } }); // prettier-ignore
  const why = problem ?? broken;
  return (
    <>
      <nav class="views" aria-label="Views">
        <a href={writeRoute(galleryOf(route, sample))}>← Gallery</a>
      </nav>
      {why !== undefined && <Message problem={why} />}
      {why === undefined && sample === undefined && <Waiting what="Reading the sample" />}
      {why === undefined && sample !== undefined && (
        <Sample route={route} go={go} sample={sample} />
      )}
    </>
  );
}

const readFilterQuery = (route: Route) => new URLSearchParams(writeFilter(readFilter(route.query)));

function Sample({ route, go, sample }: ViewProps & { sample: SampleAnswer }) {
  const path = `caches/${route.id}/samples/${sample.index}`;
  const { times, span, width, height, label, id, clip } = sample;
  const film = usePicture(pictureAt(address(`${path}/film`, { key: sample.key })));
  const asked = route.query.get('frame');
  const first = asked === null ? undefined : Math.min(times.length - 1, Math.max(0, Number(asked) || 0)); // prettier-ignore
  const { frame, playing, now, show, step, toggle, follow } = usePlayback(times, span, first, sample.key); // prettier-ignore
  const on = route.query.get('mask') === '1';
  const [ratio, seed] = [route.query.get('ratio') ?? undefined, route.query.get('seed') ?? '0'];
  const redrawn = useAnswer<MaskAnswer>(ratio === undefined ? undefined : address(`${path}/mask`, { ratio, seed })); // prettier-ignore
  const mask = ratio === undefined ? sample.mask : (redrawn.data ?? sample.mask);
  const over = on
    ? (pen: CanvasRenderingContext2D, w: number, h: number) => { drawMask(pen, w, h, mask.bits, sample.square / Math.min(width, height)); } // prettier-ignore
    : undefined;
  const to = (neighbour: Neighbour | null) => {
    if (neighbour === null) return;
    go(withQuery({ ...route, key: neighbour.key }, { frame: undefined }));
  };
  // The address names the frame that stands still, so that it can be sent to somebody.
  useEffect(() => {
    const named = playing ? null : String(frame);
    if (film !== undefined && named !== asked && !(named === '0' && asked === null))
      go(withQuery(route, { frame: named ?? undefined }), true);
  }, [playing, frame, film, asked]);
  useKeys({
    ArrowLeft: () => { step(-1); },
    ArrowRight: () => { step(1); },
    ' ': toggle,
    m: () => { go(withQuery(route, { mask: on ? undefined : 1 }), true); },
    j: () => { to(sample.next); },
    k: () => { to(sample.previous); },
  }); // prettier-ignore
  const scale = Math.max(1, Math.min(4, Math.round(448 / Math.min(width, height))));
  const strip = STRIP / Math.min(width, height);
  return (
    <article class="sample">
      <header>
        <h1>{label ?? 'no label'}</h1>
        <p class="mono">
          {id} · clip {clip}
        </p>
        <p class="pager">
          <button
            type="button"
            disabled={sample.previous === null}
            onClick={() => {
              to(sample.previous);
            }}
          >
            ← Previous
          </button>
          <span>
            {sample.position === null
              ? 'not in this list'
              : `${number(sample.position + 1)} of ${number(sample.total)}`}
          </span>
          <button
            type="button"
            disabled={sample.next === null}
            onClick={() => {
              to(sample.next);
            }}
          >
            Next →
          </button>
        </p>
      </header>
      <div class="stage">
        <figure class="player">
          <Frame
            film={film}
            frames={times.length}
            frame={frame}
            width={width * scale}
            height={height * scale}
            over={over}
            label={`Frame ${frame + 1} of ${times.length}${on ? ', masked' : ''}`}
          />
          <figcaption class="controls">
            <button
              type="button"
              aria-label="Frame back"
              onClick={() => {
                step(-1);
              }}
            >
              ‹
            </button>
            <button type="button" class="play" aria-pressed={playing} onClick={toggle}>
              {playing ? 'Pause' : 'Play'}
            </button>
            <button
              type="button"
              aria-label="Frame forward"
              onClick={() => {
                step(1);
              }}
            >
              ›
            </button>
            <input
              type="range"
              aria-label="Frame"
              min="0"
              max={times.length - 1}
              value={frame}
              onInput={(event) => {
                show(Number(event.currentTarget.value));
              }}
            />
            <output class="value" data-frame={frame}>
              {frame + 1}/{times.length} · {(times[frame] ?? 0).toFixed(3)} s
            </output>
          </figcaption>
        </figure>
        <div class="side">
          <MaskControls route={route} go={go} mask={mask} problem={redrawn.problem} />
          {sample.audioPresent && embedded === undefined && (
            <p class="sound">
              <SoundButton asked={`${path}/sound`} onPlay={follow} />
            </p>
          )}
          {!sample.audioPresent && <p class="note">This clip has no sound.</p>}
          {sample.audioPresent && (
            <MfccMap
              mfcc={sample.mfcc}
              times={times}
              span={span}
              now={now}
              onSeek={(time) => {
                show(frameAt(times, time));
              }}
            />
          )}
        </div>
      </div>
      <ol class="strip" aria-label="Frames">
        {times.map((time, i) => (
          <li key={i}>
            <button
              type="button"
              aria-label={`Frame ${i + 1}, ${time.toFixed(3)} s`}
              aria-current={i === frame ? 'true' : undefined}
              onClick={() => {
                show(i);
              }}
            >
              <Frame
                film={film}
                frames={times.length}
                frame={i}
                width={Math.round(width * strip)}
                height={Math.round(height * strip)}
                over={over}
                label=""
              />
              <span>{time.toFixed(3)} s</span>
            </button>
          </li>
        ))}
      </ol>
      <Provenance sample={sample} />
    </article>
  );
}
