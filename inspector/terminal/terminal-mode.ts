import type { CacheReader } from '../../cache/reader.js';
import type { Sample } from '../../cache/records.js';
import { decodePicture, mosaic, type Pixels } from '../views/pictures.js';
import { drawCacheSheet, middleFrame } from '../views/sheets.js';
import type { Inspection } from '../views/inspection.js';
import type { ReconstructResult } from '../../pipeline/reconstruct.js';
import { drawContactSheet } from '../../rendering/contact-sheet.js';
import { blockPicture, itermPicture, kittyPicture, protocolOf } from './terminal-picture.js';

/** Characters a line when nobody says how many there are. */
const WIDTH = 100;
const GALLERY = 24;

/** A picture for terminals that show files, and one for those that have characters only. */
interface TerminalPicture {
  readonly png: () => Promise<Buffer>;
  readonly pixels: (width: number) => Promise<Pixels>;
}

/** Shows a picture in the terminal, as well as it can. @returns what to print; "" where it cannot */
async function shown({ png, pixels }: TerminalPicture): Promise<string> {
  const protocol = protocolOf(process.env, process.stdout.isTTY);
  switch (protocol) {
    case 'kitty':
      return kittyPicture(await png());
    case 'iterm':
      return itermPicture(await png());
    case 'blocks-256':
    case 'blocks-16777216': {
      const width = Math.min(200, process.stdout.columns || WIDTH);
      return blockPicture(await pixels(width), protocol === 'blocks-256' ? 256 : 16777216);
    }
    case 'none':
      return '';
  }
}

/** A sample's contact sheet. */
export function sampleInTerminal(sample: Sample, reader: CacheReader): Promise<string> {
  const { height, width } = sample.header;
  const bytes = height * width * 3;
  const { frames } = reader.manifest.shape;
  const films = Array.from({ length: frames }, (_, i) => ({
    data: sample.frames.subarray(i * bytes, (i + 1) * bytes),
    height,
    width,
  }));
  return shown({
    png: () => drawContactSheet(sample, reader.manifest.shape),
    pixels: (columns) => {
      const across = columns >= 128 ? 8 : 4;
      return mosaic(films, across, Math.floor(columns / across));
    },
  });
}

/** Samples spread over a cache. */
export function cacheInTerminal(reader: CacheReader): Promise<string> {
  if (reader.size === 0) return Promise.resolve('');
  return shown({
    png: () => drawCacheSheet(reader),
    pixels: async (columns) => {
      const count = Math.min(GALLERY, reader.size);
      const frames: Pixels[] = [];
      for (let i = 0; i < count; i++) {
        const place = Math.floor((i * reader.size) / count);
        const { frame, height, width } = await middleFrame(reader, place);
        frames.push({ data: frame, height, width });
      }
      return mosaic(frames, 8, Math.floor(columns / 8));
    },
  });
}

/** Clips of a reconstruction that fit on a screen as characters. */
const CLIPS_AS_CHARACTERS = 2;

/**
 * Reconstructions of clips; as characters only what the model saw of the first ones, and its
 * reconstruction. @param side of their frames
 */
export function reconstructionInTerminal(
  { image, clips }: Pick<ReconstructResult, 'image' | 'clips'>,
  side: number,
): Promise<string> {
  return shown({
    png: () => Promise.resolve(image),
    pixels: (columns) => {
      const films = clips.slice(0, CLIPS_AS_CHARACTERS).flatMap((clip) => clip.films.slice(-2));
      const bytes = side * side * 3;
      const shownOf = (pixels: Uint8Array) => {
        const frames = pixels.length / bytes;
        const across = Math.min(8, frames);
        return Array.from({ length: across }, (_, i) => {
          const frame = Math.floor((i * frames) / across);
          return { data: pixels.subarray(frame * bytes, (frame + 1) * bytes), height: side, width: side };
        });
      };
      const rows = films.map(({ pixels }) => shownOf(pixels));
      return mosaic(rows.flat(), rows[0]?.length ?? 1, Math.min(16, Math.floor(columns / 8)));
    },
  }); // prettier-ignore
}

/** The losses of all runs. */
export function runsInTerminal(inspection: Inspection): Promise<string> {
  const png = () => inspection.runSheet();
  return shown({ png, pixels: async (columns) => decodePicture(await png(), columns) });
}
