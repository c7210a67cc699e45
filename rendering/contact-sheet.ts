import type { SKRSContext2D } from '@napi-rs/canvas';
import type { ClipShape, FrameSize, Sample } from '../cache/records.js';
import { createSheet, drawRgb, STYLE, write } from './canvas.js';
import { drawMfcc } from './heat-map.js';

const MAX_COLUMNS = 8;
const MFCC_ROW = 10;
/** How much of a masked pixel, and of one outside the model's square, is left to see. */
const MASKED = 0.2;
const OUTSIDE = 0.35;

/**
 * RGB bytes of one frame with the masked patches darkened, as the model does not see them. The mask
 * belongs to the centre square of `size`; what lies around it is room for random crops, and faded.
 * @param frame uint8 `[height, width, 3]` @param mask uint8 `[positions]`, 1 = masked
 */
export function maskFrame(
  frame: Uint8Array,
  { height, width }: FrameSize,
  size: number,
  mask: Uint8Array,
): Uint8Array {
  const grid = Math.sqrt(mask.length);
  const patch = size / grid;
  const top = (height - size) >> 1;
  const left = (width - size) >> 1;
  return frame.map((value, at) => {
    const pixel = Math.floor(at / 3);
    const row = Math.floor((Math.floor(pixel / width) - top) / patch);
    const column = Math.floor(((pixel % width) - left) / patch);
    if (Math.min(row, column) < 0 || Math.max(row, column) >= grid)
      return Math.round(255 - (255 - value) * OUTSIDE);
    return mask[row * grid + column] === 1 ? Math.round(value * MASKED) : value;
  });
}

/** How the frames of a sheet are laid out, in its pixels. */
interface Grid {
  readonly columns: number;
  readonly width: number;
  readonly height: number;
}

/** Frames of any shape have the same area; wide ones stand in fewer columns. */
function layOut({ height, width }: FrameSize): Grid {
  const side = Math.min(160, Math.max(96, Math.min(height, width)));
  const shown = {
    width: Math.round(side * Math.sqrt(width / height)),
    height: Math.max(1, Math.round(side * Math.sqrt(height / width))),
  };
  let columns = MAX_COLUMNS;
  while (columns > 1 && columns * shown.width > 1.4 * MAX_COLUMNS * side) columns /= 2;
  return { columns, ...shown };
}

/** @param square side of the centre square to outline, in pixels of the frame; 0: none */
function drawFrames(
  pen: SKRSContext2D,
  { frames, header }: Sample,
  grid: Grid,
  top: number,
  render: (frame: Uint8Array) => Uint8Array,
  square = 0,
): number {
  const { height, width, times } = header;
  const pixels = height * width * 3;
  times.forEach((time, i) => {
    const x = STYLE.margin + (i % grid.columns) * (grid.width + STYLE.gap);
    const y = top + Math.floor(i / grid.columns) * (grid.height + STYLE.gap + STYLE.caption);
    drawRgb(pen, render(frames.subarray(i * pixels, (i + 1) * pixels)), width, height, x, y, grid.width); // prettier-ignore
    if (square > 0) {
      const side = (square * grid.width) / width;
      pen.strokeStyle = STYLE.accents[1];
      pen.strokeRect(x + (grid.width - side) / 2, y + (grid.height - side) / 2, side, side);
    }
    write(pen, `${time.toFixed(3)} s`, x + 2, y + grid.height + 11, { size: 10, colour: STYLE.faint }); // prettier-ignore
  });
  return top + blockHeight(times.length, grid);
}

function blockHeight(frames: number, grid: Grid): number {
  return Math.ceil(frames / grid.columns) * (grid.height + STYLE.gap + STYLE.caption);
}

function describeFlags(sample: Sample): string {
  const { flags } = sample.header;
  const masked = sample.mask.reduce((sum, value) => sum + value, 0);
  return [
    `masked ${masked} of ${sample.mask.length} positions`,
    flags.audioPresent ? 'with sound' : 'no sound',
    flags.substituted > 0 ? `${flags.substituted} frames substituted` : '',
    flags.held > 0 ? `last frame held ${flags.held} times` : '',
    flags.warnings.length > 0 ? `decoder: ${flags.warnings.join(' | ')}` : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/**
 * One cached sample as a picture: its frames with their times, the mask over them, its MFCCs as a
 * heat map on the same time line, and what is known of it.
 * @returns PNG
 */
export async function drawContactSheet(sample: Sample, shape: ClipShape): Promise<Buffer> {
  const { header } = sample;
  const { height, width } = header;
  const grid = layOut(header);
  const block = blockHeight(shape.frames, grid);
  const inner = Math.max(720, grid.columns * (grid.width + STYLE.gap) - STYLE.gap);
  const heat = shape.cepstra * MFCC_ROW;
  const head = 66;
  const section = 24;
  const { canvas, pen } = createSheet(
    inner + 2 * STYLE.margin,
    head + 2 * (section + block) + section + heat + 24 + STYLE.margin,
  );
  const left = STYLE.margin;
  const [from, to] = header.span;
  write(pen, header.label ?? 'no label', left, 28, { size: 18, maxWidth: inner });
  write(
    pen,
    `${header.id} · clip ${header.clip} · ${from.toFixed(3)}–${to.toFixed(3)} s · key ${header.key.slice(0, 12)}`,
    left,
    46,
    { maxWidth: inner },
  );
  write(pen, describeFlags(sample), left, 62, { size: 11, colour: STYLE.faint, maxWidth: inner });

  let y = head;
  const title = (text: string) => {
    write(pen, text, left, y + 16, { size: 11, colour: STYLE.faint });
    y += section;
  };
  title(`frames, ${width}×${height}`);
  y = drawFrames(pen, sample, grid, y, (frame) => frame);
  const roomy = Math.max(height, width) > shape.size;
  title(
    roomy
      ? `tube mask on the centre square of ${shape.size}×${shape.size} that the model sees; what is faded is room for random crops`
      : 'tube mask: what the model sees',
  );
  const masked = (frame: Uint8Array) => maskFrame(frame, header, shape.size, sample.mask);
  y = drawFrames(pen, sample, grid, y, masked, roomy ? shape.size : 0);
  title(
    header.flags.audioPresent
      ? `MFCC ${shape.mfccFrames} × ${shape.cepstra}, each cepstrum on its own scale; ticks are the frames`
      : 'MFCC: no sound',
  );
  drawMfcc(pen, sample.mfcc, shape.cepstra, left, y, inner, heat);
  drawFrameTicks(pen, header.times, header.span, left, y + heat, inner);
  return canvas.encode('png');
}

function drawFrameTicks(
  pen: SKRSContext2D,
  times: readonly number[],
  [from, to]: readonly [number, number],
  x: number,
  y: number,
  width: number,
): void {
  pen.fillStyle = STYLE.ink;
  for (const time of times) {
    const at = x + (width * (time - from)) / (to - from);
    if (at >= x && at <= x + width) pen.fillRect(at, y, 1, 6);
  }
  write(pen, `${from.toFixed(2)} s`, x, y + 18, { size: 10, colour: STYLE.faint });
  write(pen, `${to.toFixed(2)} s`, x + width, y + 18, {
    size: 10,
    colour: STYLE.faint,
    align: 'right',
  });
}
