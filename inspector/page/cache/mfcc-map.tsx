import { useLayoutEffect, useRef } from 'preact/hooks';
import type { MfccAnswer } from '../../views/answers.js';
import { drawMfcc } from '../draw.js';

interface MfccMapProps {
  readonly mfcc: MfccAnswer;
  readonly times: readonly number[];
  readonly span: readonly [number, number];
  /** Where the cursor stands, seconds since the start of the span. */
  readonly now: number;
  readonly onSeek: (time: number) => void;
}

/** MFCCs over the clip's span, the moments of its frames below, and a cursor. */
export function MfccMap({ mfcc, times, span: [start, end], now, onSeek }: MfccMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { values, frames, cepstra } = mfcc;
  useLayoutEffect(() => {
    const pen = canvas.current?.getContext('2d');
    if (pen !== null && pen !== undefined) drawMfcc(pen, values, frames, cepstra);
  }, [values, frames, cepstra]);
  const share = (time: number) => `${(100 * time) / Math.max(1e-6, end - start)}%`;
  const onClick = (event: MouseEvent & { readonly currentTarget: HTMLElement }) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    onSeek(start + ((event.clientX - left) / width) * (end - start));
  };
  return (
    <figure class="mfcc">
      <div class="map" onClick={onClick}>
        <canvas
          ref={canvas}
          width={frames}
          height={cepstra}
          role="img"
          aria-label={`MFCC, ${frames} frames of ${cepstra} cepstra`}
        />
        {times.map((time, i) => (
          <span key={i} class="tick" style={{ left: share(time - start) }} />
        ))}
        <span class="cursor" style={{ left: share(now) }} />
      </div>
      <figcaption>
        <span>{start.toFixed(2)} s</span>
        <span class="faint">
          MFCC {frames} × {cepstra}, each cepstrum on its own scale, the lowest at the bottom
        </span>
        <span>{end.toFixed(2)} s</span>
      </figcaption>
    </figure>
  );
}
