import type { ClipShape, FrameFormat, StoredSample } from '../../cache/records.js';
import { decodeNpy, encodeNpy, type NpyArray } from './npy.js';
import type { TarFile } from './tar.js';
import { decodeZip } from './zip.js';

/*
 * How a sample lies in a WebDataset tar: files next to each other whose names begin with the same
 * key and go on, from their first dot, with what they are: `KEY.frames.npy`, `KEY.mask.npy`,
 * `KEY.mfcc.npy`, `KEY.mel.npy` where the cache has log-mel spectra, `KEY.json`. Readers leave out names like `__avme__`.
 */

/** The first file of each tar: the identity of the cache that it was made from. */
export const IDENTITY_FILE = '__avme__';

/** What follows the key in the name of the file that holds the frames. */
const FRAME_FILES: Record<FrameFormat, string> = {
  raw: 'frames.npy',
  jpeg: 'frames.jpg',
  webp: 'frames.webp',
};

/** The arrays of a sample as files: frames as they are kept, the others as .npy. */
export function arrayFiles(
  { header: { height, width }, frames, mask, mfcc, mel }: StoredSample,
  { frames: count, mfccFrames, cepstra, melBands = 0 }: ClipShape,
): Record<'frames' | 'mask' | 'mfcc', TarFile> & { readonly mel?: TarFile } {
  const { format, bytes } = frames;
  const pieces = format === 'raw' ? encodeNpy(bytes, [count, height, width, 3]) : [bytes];
  return {
    frames: { name: FRAME_FILES[format], content: pieces },
    mask: { name: 'mask.npy', content: encodeNpy(mask, [mask.length]) },
    mfcc: { name: 'mfcc.npy', content: encodeNpy(mfcc, [mfccFrames, cepstra]) },
    ...(mel && { mel: { name: 'mel.npy', content: encodeNpy(mel, [mfccFrames, melBands]) } }),
  };
}

/** A sample of a WebDataset: its files by what follows the first dot of their names. */
export interface FileGroup {
  readonly key: string;
  readonly files: ReadonlyMap<string, Buffer>;
}

/** `dir/0001.frames.npy` is key `dir/0001`, `frames.npy`. */
const PARTS = /^((?:.*\/)?[^./]+)\.([^/]+)$/;

/** Files that lie next to each other and have the same key make one sample; others are left out. */
export async function* groupByKey(files: AsyncIterable<TarFile>): AsyncGenerator<FileGroup> {
  let key: string | undefined;
  let group = new Map<string, Buffer>();
  for await (const { name, content } of files) {
    const [, prefix, suffix] = PARTS.exec(name) ?? [];
    if (prefix === undefined || suffix === undefined) continue;
    if (key !== undefined && prefix !== key) {
      yield { key, files: group };
      group = new Map();
    }
    key = prefix;
    group.set(suffix.toLowerCase(), Buffer.concat(content));
  }
  if (key !== undefined) yield { key, files: group };
}

/** What a group of files holds, as far as it is there. */
export interface SampleParts {
  readonly frames: NpyArray | undefined;
  /** Frames as one picture, as a cache of lossy frames keeps them. */
  readonly picture: StoredSample['frames'] | undefined;
  /** Of all files, for those who miss one. */
  readonly names: readonly string[];
  readonly mask: NpyArray | undefined;
  readonly mfcc: NpyArray | undefined;
  readonly mel: NpyArray | undefined;
  readonly json: unknown;
  /** Text of a `.cls` file: a class by its number. */
  readonly cls: string | undefined;
}

/** Arrays of all .npz files of a group, and of .npy files, under their names. */
async function arraysOf(
  files: FileGroup['files'],
  limit: number,
): Promise<Map<string, () => NpyArray>> {
  const arrays = new Map<string, () => NpyArray>();
  for (const [suffix, bytes] of files) {
    if (suffix.endsWith('npy')) arrays.set(suffix.replace(/\.?npy$/, ''), () => decodeNpy(bytes));
    if (!suffix.endsWith('npz')) continue;
    for (const [name, file] of await decodeZip(new Uint8Array(bytes), limit))
      if (name.endsWith('.npy')) arrays.set(name.slice(0, -'.npy'.length), () => decodeNpy(file));
  }
  return arrays;
}

/**
 * The parts of a sample. Frames may be `KEY.frames.npy`, the only array `KEY.npy`, or `frames` in an
 * .npz; mask and MFCC likewise.
 * @param limit bytes that an .npz may have, unpacked
 * @throws Error saying what cannot be read
 */
export async function readParts({ files }: FileGroup, limit: number): Promise<SampleParts> {
  const arrays = await arraysOf(files, limit);
  const array = (name: string) => {
    try {
      return arrays.get(name)?.();
    } catch (cause) {
      throw new Error(
        `its ${name === '' ? 'frames' : name} cannot be read: ${(cause as Error).message}`,
        { cause },
      );
    }
  };
  const [picture] = (['jpeg', 'webp'] as const).flatMap((format) => {
    const bytes = files.get(FRAME_FILES[format]);
    return bytes === undefined ? [] : [{ format, bytes }];
  });
  const json = files.get('json');
  return {
    frames: array('frames') ?? array(''),
    picture,
    names: [...files.keys()],
    mask: array('mask'),
    mfcc: array('mfcc'),
    mel: array('mel'),
    json: json === undefined ? undefined : (JSON.parse(json.toString('utf8')) as unknown),
    cls: files.get('cls')?.toString('utf8').trim(),
  };
}

/** @throws Error when the array is not uint8, or numpy's bool */
export function bytesOf({ type, bytes }: NpyArray, name: string): Uint8Array {
  if (!['|u1', '|b1'].includes(type))
    throw new Error(`its ${name} has type ${type}, not uint8 (0 to 255); convert it`);
  return bytes;
}

/** Float32 of an array of float32 or float64. @throws Error when it is something else */
export function floatsOf({ type, bytes }: NpyArray, name: string): Float32Array {
  // A copy of its own, since the bytes in a file may begin anywhere.
  const { buffer } = new Uint8Array(bytes);
  if (type === '<f4') return new Float32Array(buffer);
  if (type === '<f8') return Float32Array.from(new Float64Array(buffer));
  throw new Error(`its ${name} has type ${type}, not float32; convert it`);
}
