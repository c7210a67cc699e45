import { useState } from 'preact/hooks';
import type { ReconstructionAnswer } from '../../views/answers.js';
import { address } from '../address.js';
import { pictureAt } from '../api.js';
import { useAnswer, useKeys, usePicture } from '../hooks.js';
import { Frame } from '../parts/frame.js';
import { Message } from '../parts/message.js';
import { PictureChoices, pictureChoice } from './picture-choices.js';
import type { RunProps } from '../view-props.js';

const FILMS = ['original', 'seen', 'made', 'difference ×2'] as const;
const TITLES = ['Original', 'What the model saw', 'Reconstruction', 'Difference, twice as bright'];

/** A slider between what was and what the model made of it. */
function Compare({
  film,
  frames,
  frame,
  size,
}: {
  film: HTMLImageElement | undefined;
  frames: number;
  frame: number;
  size: number;
}) {
  const [share, setShare] = useState(50);
  const [right, setRight] = useState(2);
  const common = { film, frames, frame, films: FILMS.length, width: size, height: size };
  return (
    <figure class="compare">
      <div class="pair">
        <Frame {...common} column={0} label="Original" />
        <div class="upper" style={{ clipPath: `inset(0 0 0 ${share}%)` }}>
          <Frame {...common} column={right} label={TITLES[right] ?? ''} />
        </div>
        <span class="line" style={{ left: `${share}%` }} />
        <input
          type="range"
          min="0"
          max="100"
          value={share}
          aria-label="How much of the original is shown"
          onInput={(event) => {
            setShare(Number(event.currentTarget.value));
          }}
        />
      </div>
      <figcaption class="choices">
        <span>Original</span>
        <span class="gap" />
        {[1, 2, 3].map((column) => (
          <label key={column}>
            <input
              type="radio"
              name="right"
              checked={right === column}
              onChange={() => {
                setRight(column);
              }}
            />
            {FILMS[column]}
          </label>
        ))}
      </figcaption>
    </figure>
  );
}

export function Reconstructions(props: RunProps) {
  const { route } = props;
  const { parameters } = pictureChoice(props);
  const asked = address(`runs/${route.id}/reconstruction`, parameters);
  const { data, problem, waiting } = useAnswer<ReconstructionAnswer>(asked);
  const film = usePicture(
    data === undefined ? '' : pictureAt(address(`runs/${route.id}/films`, parameters)),
  );
  const [frame, setFrame] = useState(0);
  const frames = data?.frames ?? 16;
  const step = (by: number) => { setFrame((frame + by + frames) % frames); }; // prettier-ignore
  useKeys({ ArrowLeft: () => { step(-1); }, ArrowRight: () => { step(1); } }); // prettier-ignore
  return (
    <>
      <PictureChoices {...props} />
      {problem !== undefined && <Message problem={problem} />}
      <p class="figure" role="status">
        {waiting || (data !== undefined && film === undefined)
          ? 'The model is at work …'
          : data !== undefined &&
            `Mean squared error of the masked pixels ${data.mse.toFixed(4)}, ${Math.round(100 * data.maskRatio)} % masked`}
      </p>
      {data !== undefined && (
        <div class={waiting ? 'reconstruction stale' : 'reconstruction'}>
          <Compare film={film} frames={frames} frame={frame} size={data.size} />
          <div class="rows">
            {FILMS.map((name, column) => (
              <section key={name}>
                <h2>{TITLES[column]}</h2>
                <ol class="strip small">
                  {data.times.map((time, i) => (
                    <li key={i}>
                      <button
                        type="button"
                        aria-label={`${name}, frame ${i + 1}`}
                        aria-current={i === frame ? 'true' : undefined}
                        onClick={() => {
                          setFrame(i);
                        }}
                      >
                        <Frame
                          film={film}
                          frames={frames}
                          frame={i}
                          column={column}
                          films={FILMS.length}
                          width={data.size}
                          height={data.size}
                          label=""
                        />
                        {column === FILMS.length - 1 && <span>{time.toFixed(2)} s</span>}
                      </button>
                    </li>
                  ))}
                </ol>
              </section>
            ))}
          </div>
        </div>
      )}
    </>
  );
}
