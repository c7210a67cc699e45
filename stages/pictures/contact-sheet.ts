import type { SKRSContext2D } from '@napi-rs/canvas';
import type { ClipShape, Sample } from '../../cache/index.js';
import { createSheet, drawRgb, STYLE, write } from './canvas.js';
import { drawMfcc } from './heat-map.js';

const COLUMNS = 8;
const MFCC_ROW = 10;

/**
 * RGB bytes of one frame with the masked patches darkened, as the model does not see them.
 * @param frame uint8 `[size, size, 3]` @param mask uint8 `[positions]`, 1 = masked
 */
export function maskFrame(frame: Uint8Array, size: number, mask: Uint8Array): Uint8Array {
  const grid = Math.sqrt(mask.length);
  const patch = size / grid;
  const out = Uint8Array.from(frame);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      if (mask[Math.floor(y / patch) * grid + Math.floor(x / patch)] === 1)
        for (let c = 0; c < 3; c++) {
          const at = (y * size + x) * 3 + c;
          out[at] = Math.round((frame[at] ?? 0) * 0.2);
        }
  return out;
}

function drawFrames(
  pen: SKRSContext2D,
  sample: Sample,
  shape: ClipShape,
  side: number,
  top: number,
  render: (frame: Uint8Array) => Uint8Array,
): number {
  const pixels = shape.size * shape.size * 3;
  for (let i = 0; i < shape.frames; i++) {
    const x = STYLE.margin + (i % COLUMNS) * (side + STYLE.gap);
    const y = top + Math.floor(i / COLUMNS) * (side + STYLE.gap + STYLE.caption);
    const frame = sample.frames.subarray(i * pixels, (i + 1) * pixels);
    drawRgb(pen, render(frame), shape.size, shape.size, x, y, side);
    const time = sample.header.times[i] ?? 0;
    write(pen, `${time.toFixed(3)} s`, x + 2, y + side + 11, { size: 10, colour: STYLE.faint });
  }
  return top + Math.ceil(shape.frames / COLUMNS) * (side + STYLE.gap + STYLE.caption);
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
  const side = Math.min(160, Math.max(96, shape.size));
  const rows = Math.ceil(shape.frames / COLUMNS);
  const block = rows * (side + STYLE.gap + STYLE.caption);
  const inner = COLUMNS * (side + STYLE.gap) - STYLE.gap;
  const heat = shape.cepstra * MFCC_ROW;
  const head = 66;
  const section = 24;
  const { canvas, pen } = createSheet(
    inner + 2 * STYLE.margin,
    head + 2 * (section + block) + section + heat + 24 + STYLE.margin,
  );
  const { header } = sample;
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
  title('frames');
  y = drawFrames(pen, sample, shape, side, y, (frame) => frame);
  title('tube mask: what the model sees');
  y = drawFrames(pen, sample, shape, side, y, (frame) => maskFrame(frame, shape.size, sample.mask));
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
