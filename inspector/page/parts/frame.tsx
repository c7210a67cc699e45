import { useLayoutEffect, useRef } from 'preact/hooks';

interface FrameProps {
  /** A film: frames one under the other, films side by side. */
  readonly film: HTMLImageElement | undefined;
  readonly frames: number;
  readonly frame: number;
  /** Which of `films` films; default the first of one. */
  readonly column?: number;
  readonly films?: number;
  readonly label: string;
  /** Pixels of the canvas, where they are not those of the film. */
  readonly width: number;
  readonly height: number;
  /** Draws over the frame. */
  readonly over?:
    ((pen: CanvasRenderingContext2D, width: number, height: number) => void) | undefined;
  readonly class?: string;
}

/** One frame of a film. */
export function Frame(props: FrameProps) {
  const { film, frames, frame, column = 0, films = 1, width, height, over, label } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const pen = canvas.current?.getContext('2d');
    if (pen === null || pen === undefined) return;
    pen.clearRect(0, 0, width, height);
    if (film === undefined) return;
    const w = film.naturalWidth / films;
    const h = film.naturalHeight / frames;
    // Small frames are shown as they are, pixel by pixel.
    pen.imageSmoothingEnabled = width < w;
    pen.drawImage(film, column * w, frame * h, w, h, 0, 0, width, height);
    over?.(pen, width, height);
  });
  return (
    <canvas
      ref={canvas}
      class={props.class}
      width={width}
      height={height}
      role="img"
      aria-label={label}
    />
  );
}
