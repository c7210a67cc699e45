import sharp from 'sharp';
import type { Sample } from '../../cache/records.js';

/** How pixels are written: `png` exactly, `webp` small. */
export type PictureFormat = 'png' | 'webp';

const raw = (pixels: Uint8Array, width: number, height: number) =>
  sharp(pixels, { raw: { width, height, channels: 3 } });

/** The frame in the middle of a clip as a small WebP. @param side its shorter side, at most */
export async function thumbnail(sample: Sample, side: number): Promise<Buffer> {
  const { height, width } = sample.header;
  const bytes = height * width * 3;
  const middle = (sample.frames.length / bytes) >> 1;
  return raw(sample.frames.subarray(middle * bytes, (middle + 1) * bytes), width, height)
    .resize({ width: side, height: side, fit: 'outside', withoutEnlargement: true })
    .webp({ quality: 78, effort: 1 })
    .toBuffer();
}

/**
 * Films side by side as one picture, a row a frame: what lies in memory one behind the other is a
 * picture already.
 * @param films uint8 `[frames, height, width, 3]` each
 * @param side shorter side of a frame in the picture; frames are never enlarged
 */
export async function filmStrip(
  films: readonly Uint8Array[],
  height: number,
  width: number,
  format: PictureFormat,
  side = Infinity,
): Promise<Buffer> {
  const frames = (films[0]?.length ?? 0) / (height * width * 3);
  const joined =
    films.length === 1 && films[0] !== undefined
      ? films[0]
      : sideBySide(films, frames * height, width);
  const picture = raw(joined, films.length * width, frames * height);
  const scale = Math.min(1, side / Math.min(height, width));
  // Each frame keeps a whole number of rows, or frames would run into each other.
  const [rows, columns] = [Math.round(height * scale), Math.round(width * scale)];
  const scaled =
    scale < 1 ? picture.resize(films.length * columns, frames * rows, { fit: 'fill' }) : picture;
  return format === 'png'
    ? scaled.png({ compressionLevel: 3 }).toBuffer()
    : scaled.webp({ quality: 60, effort: 4 }).toBuffer();
}

function sideBySide(films: readonly Uint8Array[], rows: number, width: number): Uint8Array {
  const row = width * 3;
  const out = new Uint8Array(films.length * rows * row);
  films.forEach((film, i) => {
    for (let y = 0; y < rows; y++)
      out.set(film.subarray(y * row, (y + 1) * row), (y * films.length + i) * row);
  });
  return out;
}

/** |made − original|, brightened so that it can be seen. @param gain by how much */
export function difference(original: Uint8Array, made: Uint8Array, gain: number): Uint8Array {
  return original.map((value, i) => Math.min(255, Math.abs(value - (made[i] ?? 0)) * gain));
}

/** Pixels as they lie in memory, RGB. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A picture file as pixels, of this width. */
export async function decodePicture(file: Uint8Array, width: number): Promise<Pixels> {
  const { data, info } = await sharp(file)
    .resize({ width })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** Frames of one size in rows, each scaled to `width` pixels: a contact sheet without words. */
export async function mosaic(
  frames: readonly Pixels[],
  columns: number,
  width: number,
): Promise<Pixels> {
  const [first] = frames;
  if (first === undefined) throw new RangeError('mosaic: there is no frame');
  const height = Math.max(1, Math.round((width * first.height) / first.width));
  const tiles = await Promise.all(
    frames.map(
      (frame) =>
      raw(frame.data, frame.width, frame.height).resize(width, height, { fit: 'cover' }).raw().toBuffer(), // prettier-ignore
    ),
  );
  const shown = Math.min(columns, frames.length);
  const rows = Math.ceil(frames.length / shown);
  const line = shown * width * 3;
  const out = new Uint8Array(rows * height * line);
  tiles.forEach((tile, i) => {
    const left = (i % shown) * width * 3;
    const top = Math.floor(i / shown) * height;
    for (let y = 0; y < height; y++)
      out.set(tile.subarray(y * width * 3, (y + 1) * width * 3), (top + y) * line + left);
  });
  return { data: out, width: shown * width, height: rows * height };
}
