/** Matplotlib's "viridis" at eight even steps: ordered in lightness, readable without colour vision. */
const VIRIDIS = [
  [68, 1, 84], [70, 50, 127], [54, 92, 141], [39, 127, 142],
  [31, 161, 135], [74, 194, 109], [159, 218, 58], [253, 231, 37],
] as const; // prettier-ignore

/** @param value in [0, 1] @returns RGB */
export function viridis(value: number): readonly [number, number, number] {
  const at = Math.min(1, Math.max(0, value)) * (VIRIDIS.length - 1);
  const low = VIRIDIS[Math.floor(at)] ?? VIRIDIS[0];
  const high = VIRIDIS[Math.ceil(at)] ?? low;
  const mix = at - Math.floor(at);
  const blend = (c: 0 | 1 | 2) => Math.round(low[c] * (1 - mix) + high[c] * mix);
  return [blend(0), blend(1), blend(2)];
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The square in the middle of a frame that the model sees, and the mask belongs to.
 * @param share its side, as a share of the frame's shorter side
 */
export function modelSquare(width: number, height: number, share = 1): Rectangle {
  const side = Math.min(width, height) * share;
  return { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side };
}

/** Where each position of a square grid lies inside `square`. */
export function eachPosition(
  positions: number,
  square: Rectangle,
  visit: (position: number, place: Rectangle) => void,
): void {
  const grid = Math.round(Math.sqrt(positions));
  const edge = (i: number) => Math.round((i * square.width) / grid);
  for (let position = 0; position < positions; position++) {
    const [row, column] = [Math.floor(position / grid), position % grid];
    visit(position, {
      x: square.x + edge(column),
      y: square.y + edge(row),
      width: edge(column + 1) - edge(column),
      height: edge(row + 1) - edge(row),
    });
  }
}

/**
 * Darkens what a tube mask hides, and fades what lies outside the model's square.
 * @param bits "1" = masked, a character a position @param share see {@link modelSquare}
 */
export function drawMask(
  pen: CanvasRenderingContext2D,
  width: number,
  height: number,
  bits: string,
  share: number,
): void {
  const square = modelSquare(width, height, share);
  const { x: left, y: top, width: side } = square;
  pen.fillStyle = 'rgb(255 255 255 / 60%)';
  pen.beginPath();
  pen.rect(0, 0, width, height);
  pen.rect(left, top, side, side);
  pen.fill('evenodd');
  pen.fillStyle = 'rgb(12 14 18 / 84%)';
  eachPosition(bits.length, square, (position, { x, y, width: w, height: h }) => {
    if (bits[position] === '1') pen.fillRect(x, y, w, h);
  });
}

/**
 * MFCCs as a picture of one pixel a value: each cepstrum on its own scale, since the first (loudness)
 * would leave the others one colour. Time goes to the right, the lowest cepstrum is at the bottom.
 */
export function drawMfcc(
  pen: CanvasRenderingContext2D,
  values: readonly number[],
  frames: number,
  cepstra: number,
): void {
  const pixels = pen.createImageData(frames, cepstra);
  for (let c = 0; c < cepstra; c++) {
    const row = Array.from({ length: frames }, (_, t) => values[t * cepstra + c] ?? 0);
    const low = Math.min(...row);
    const range = Math.max(...row) - low;
    row.forEach((value, t) => {
      const colour = viridis(range === 0 ? 0 : (value - low) / range);
      pixels.data.set([...colour, 255], ((cepstra - 1 - c) * frames + t) * 4);
    });
  }
  pen.putImageData(pixels, 0, 0);
}
