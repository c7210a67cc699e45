import { useState } from 'preact/hooks';
import type { AttentionAnswer, ListAnswer } from '../../views/answers.js';
import { address } from '../address.js';
import { embedded, pictureAt } from '../api.js';
import { drawMask, eachPosition, modelSquare, viridis } from '../draw.js';
import { useAnswer, useKeys, usePicture } from '../hooks.js';
import { Frame } from '../parts/frame.js';
import { Message } from '../parts/message.js';
import { PictureChoices, pictureChoice } from './picture-choices.js';
import type { RunProps } from '../view-props.js';

const SIDE = 168;

/** Shares of one sound slot over the places of one picture slot. */
function sharesOf(
  { shares, slots, positions }: AttentionAnswer,
  sound: number,
  slot: number,
): readonly number[] {
  const from = (sound * slots + slot) * positions;
  return shares.slice(from, from + positions);
}

/** Draws shares over a frame: the more, the brighter; the scale is that of all frames. */
function heat(shares: readonly number[], low: number, high: number, square: number) {
  return (pen: CanvasRenderingContext2D, width: number, height: number) => {
    eachPosition(shares.length, modelSquare(width, height, square), (position, place) => {
      const value = ((shares[position] ?? 0) - low) / Math.max(1e-9, high - low);
      const [r, g, b] = viridis(value);
      // Little attention lets the picture through.
      pen.fillStyle = `rgb(${r} ${g} ${b} / ${Math.round(25 + 50 * value)}%)`;
      pen.fillRect(place.x, place.y, place.width, place.height);
    });
  };
}

export function Attention(props: RunProps) {
  const { route, cache } = props;
  const { parameters, sample } = pictureChoice(props);
  const { data, problem, waiting } = useAnswer<AttentionAnswer>(
    address(`runs/${route.id}/attention`, parameters),
  );
  const { data: list } = useAnswer<ListAnswer>(address(`caches/${cache}/samples`, { from: sample, count: 1 })); // prettier-ignore
  const film = usePicture(
    pictureAt(address(`caches/${cache}/samples/${sample}/film`, { key: list?.items[0]?.key })),
  );
  const [sound, setSound] = useState<number | 'own'>('own');
  const [masked, setMasked] = useState(false);
  const slots = data?.slots ?? 1;
  useKeys({
    ArrowLeft: () => { setSound(sound === 'own' ? 0 : (sound + slots - 1) % slots); },
    ArrowRight: () => { setSound(sound === 'own' ? 0 : (sound + 1) % slots); },
  }); // prettier-ignore
  return (
    <>
      <PictureChoices {...props} />
      {problem !== undefined && <Message problem={problem} />}
      {waiting && (
        <p class="figure" role="status">
          The model is at work …
        </p>
      )}
      {data !== undefined && problem === undefined && (
        <Maps
          data={data}
          film={film}
          sound={sound}
          setSound={setSound}
          masked={masked}
          setMasked={setMasked}
        />
      )}
    </>
  );
}

interface MapsProps {
  readonly data: AttentionAnswer;
  readonly film: HTMLImageElement | undefined;
  readonly sound: number | 'own';
  readonly setSound: (sound: number | 'own') => void;
  readonly masked: boolean;
  readonly setMasked: (masked: boolean) => void;
}

function Maps({ data, film, sound, setSound, masked, setMasked }: MapsProps) {
  const { slots, tubelet, times, positions } = data;
  const maps = Array.from({ length: slots }, (_, slot) =>
    sharesOf(data, sound === 'own' ? slot : sound, slot),
  );
  const all = maps.flat();
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const own = Array.from({ length: slots }, (_, slot) => sharesOf(data, slot, slot).reduce((sum, x) => sum + x, 0) / (slots * positions)); // prettier-ignore
  const sameMoment = own.reduce((sum, x) => sum + x, 0) / slots;
  const timeOf = (slot: number) => `${(times[slot * tubelet] ?? 0).toFixed(2)} s`;
  const size = film === undefined ? { width: SIDE, height: SIDE } : sizeOf(film, times.length);
  return (
    <>
      <p class="figure">
        Where the picture stream is looked at when the model hears{' '}
        {sound === 'own' ? 'each moment’s own sound' : `the sound at ${timeOf(sound)}`}.
        {!data.audioPresent &&
          ' This clip has no sound here: what is heard is the learned “no sound” token.'}
      </p>
      <fieldset class="choices">
        <legend class="hidden">Which sound</legend>
        <label>
          <input
            type="radio"
            name="sound"
            checked={sound === 'own'}
            onChange={() => {
              setSound('own');
            }}
          />{' '}
          each its own
        </label>
        {maps.map((_, slot) => (
          <label key={slot}>
            <input
              type="radio"
              name="sound"
              checked={sound === slot}
              onChange={() => {
                setSound(slot);
              }}
            />{' '}
            {timeOf(slot)}
          </label>
        ))}
        <span class="gap" />
        <label>
          <input
            type="checkbox"
            checked={masked}
            onChange={() => {
              setMasked(!masked);
            }}
          />{' '}
          darken what was masked
        </label>
      </fieldset>
      <ol class="attention">
        {maps.map((shares, slot) => (
          <li key={slot}>
            <Frame
              film={film}
              frames={times.length}
              frame={slot * tubelet}
              width={size.width}
              height={size.height}
              label={`Attention at ${timeOf(slot)}`}
              over={(pen, w, h) => {
                heat(shares, low, high, data.square)(pen, w, h);
                if (masked) drawMask(pen, w, h, data.mask, data.square);
              }}
            />
            <span>{timeOf(slot)}</span>
          </li>
        ))}
      </ol>
      <p class="scale">
        <span>{low.toFixed(2)} ×</span>
        <span class="ramp" aria-hidden="true" />
        <span>{high.toFixed(2)} ×</span>
        <span class="faint">as much as an even spread would give each place</span>
      </p>
      <p class="note">
        These are the shares of the cross-attention V2A (queries from sound, keys and values from
        picture; mean over its heads). Its keys are all places of the picture stream: what the model
        saw, and where it saw nothing, mask tokens that know only their place. A sound gives{' '}
        {Math.round(100 * sameMoment)} % of its attention to its own moment; evenly spread it would
        be {Math.round(100 / slots)} %.
        {embedded === undefined ? '' : ' The checkpoint is the newest one.'}
      </p>
    </>
  );
}

function sizeOf(film: HTMLImageElement, frames: number) {
  const [width, height] = [film.naturalWidth, film.naturalHeight / frames];
  const scale = SIDE / Math.min(width, height);
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}
