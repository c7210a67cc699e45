import { fileURLToPath } from 'node:url';
import {
  createCanvas,
  GlobalFonts,
  ImageData,
  type Canvas,
  type SKRSContext2D,
} from '@napi-rs/canvas';

/** The look of every picture that avme draws. */
export const STYLE = {
  background: '#ffffff',
  ink: '#1b1f24',
  faint: '#6a737d',
  line: '#d0d7de',
  accents: ['#0b66c3', '#c2410c', '#15803d', '#7c3aed'],
  margin: 16,
  gap: 4,
  caption: 14,
} as const;

const FAMILY = 'avme-sans';

/** Pictures carry their own font, so that they look the same on a machine that has none. */
function registerFont(): void {
  if (GlobalFonts.has(FAMILY)) return;
  const font = fileURLToPath(import.meta.resolve('#assets/DejaVuSans.ttf'));
  if (GlobalFonts.registerFromPath(font, FAMILY) === null)
    throw new Error(`the font of the pictures, ${font}, cannot be read; install avme again`);
}

/** An empty sheet of `width × height` pixels. */
export function createSheet(width: number, height: number): { canvas: Canvas; pen: SKRSContext2D } {
  registerFont();
  const canvas = createCanvas(Math.ceil(width), Math.ceil(height));
  const pen = canvas.getContext('2d');
  pen.fillStyle = STYLE.background;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  return { canvas, pen };
}

export interface TextStyle {
  readonly size?: number;
  readonly colour?: string;
  readonly align?: 'left' | 'center' | 'right';
  /** Text that is longer is cut with an ellipsis. */
  readonly maxWidth?: number;
}

/** Writes one line whose baseline is at `y`. */
export function write(
  pen: SKRSContext2D,
  text: string,
  x: number,
  y: number,
  { size = 12, colour = STYLE.ink, align = 'left', maxWidth = Infinity }: TextStyle = {},
): void {
  pen.font = `${size}px ${FAMILY}`;
  pen.fillStyle = colour;
  pen.textAlign = align;
  // A file name is data: a newline in it must not break the sheet.
  let line = text.replace(/\p{Cc}/gu, '␣');
  if (pen.measureText(line).width > maxWidth) {
    while (line.length > 1 && pen.measureText(`${line}…`).width > maxWidth)
      line = line.slice(0, -1);
    line += '…';
  }
  pen.fillText(line, x, y);
}

/** Draws RGB bytes `[height, width, 3]` scaled to `side × side·height/width`, pixels kept sharp. */
export function drawRgb(
  pen: SKRSContext2D,
  rgb: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  x: number,
  y: number,
  side: number,
): void {
  pen.imageSmoothingEnabled = side < width;
  pen.drawImage(rgbCanvas(rgb, width, height), x, y, side, (side * height) / width);
}

function rgbCanvas(rgb: Uint8Array | Uint8ClampedArray, width: number, height: number): Canvas {
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++)
    rgba.set(rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
  const canvas = createCanvas(width, height);
  canvas.getContext('2d').putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}

/** RGB bytes `[height, width, 3]` as a PNG of exactly these pixels. */
export function encodePng(rgb: Uint8Array, width: number, height: number): Promise<Buffer> {
  return rgbCanvas(rgb, width, height).encode('png');
}
