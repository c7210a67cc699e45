import { open, type FileHandle } from 'node:fs/promises';
import { Reader, Uint8ArrayWriter, ZipReader, type FileEntry } from '@zip.js/zip.js';
import type { NamedArray, TensorFile } from './safetensors.js';
import { VALUE_TYPES } from './safetensors-types.js';
import {
  parseTorchPickle,
  stateDict,
  TorchFileError,
  type TorchStorage,
  type TorchTensor,
} from './torch-pickle.js';

/** A pickle holds names and shapes; a state dict's is a few hundred kB. */
const MAX_PICKLE = 100_000_000;

/** What zip.js reads the archive through. */
class FileBytes extends Reader<FileHandle> {
  constructor(
    private readonly file: FileHandle,
    override readonly size: number,
  ) {
    super(file);
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - index)));
    await this.file.read(bytes, 0, bytes.length, index);
    return bytes;
  }
}

/** The files of an archive without the folder in front, which is named after the archive. */
class Archive {
  private constructor(
    private readonly entries: ReadonlyMap<string, FileEntry>,
    readonly size: number,
  ) {}

  static async read(file: FileHandle): Promise<Archive> {
    const { size } = await file.stat();
    const zip = new ZipReader(new FileBytes(file, size), { useWebWorkers: false });
    const entries = (await zip.getEntries()).filter((entry) => !entry.directory);
    return new Archive(
      new Map(entries.map((entry) => [entry.filename.replace(/^[^/]*\//, ''), entry])),
      size,
    );
  }

  bytesOf(name: string): number | undefined {
    return this.entries.get(name)?.uncompressedSize;
  }

  async get(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const entry = this.entries.get(name);
    if (entry === undefined) throw new TorchFileError(`it has no ${name}; torch.save writes one`);
    // PyTorch stores, it does not compress: so nothing can be larger inside than outside.
    if (entry.compressionMethod !== 0 || entry.uncompressedSize > this.size)
      throw new TorchFileError(`${name} is compressed, which PyTorch does not do`);
    return entry.getData(new Uint8ArrayWriter());
  }
}

/** Contiguous float32 values of a view. @param view of the whole storage */
function valuesOf({ storage, offset, shape, strides }: TorchTensor, view: DataView): Float32Array {
  const type = VALUE_TYPES.get(storage.dtype);
  if (type === undefined) throw new TorchFileError(`type ${storage.dtype} is not read`);
  const data = new Float32Array(shape.reduce((product, n) => product * n, 1));
  for (let i = 0; i < data.length; i++) {
    let rest = i;
    let at = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 1;
      at += (rest % size) * (strides[axis] ?? 0);
      rest = Math.floor(rest / size);
    }
    data[i] = type.read(view, at * type.bytes);
  }
  return data;
}

async function readStorage(archive: Archive, storage: TorchStorage): Promise<DataView> {
  const name = `data/${storage.key}`;
  const wanted = storage.values * (VALUE_TYPES.get(storage.dtype)?.bytes ?? NaN);
  if (archive.bytesOf(name) !== wanted)
    throw new TorchFileError(
      `${name} has ${archive.bytesOf(name) ?? 'no'} bytes, its tensors need ${wanted}`,
    );
  const { buffer, byteOffset, byteLength } = await archive.get(name);
  return new DataView(buffer, byteOffset, byteLength);
}

async function readTensors(archive: Archive, averaged: boolean): Promise<Map<string, NamedArray>> {
  const decoder = new TextDecoder();
  if (
    archive.bytesOf('byteorder') !== undefined &&
    decoder.decode(await archive.get('byteorder')) !== 'little'
  )
    // prettier-ignore
    throw new TorchFileError('its values are not little-endian; save it again on another machine');
  if ((archive.bytesOf('data.pkl') ?? 0) > MAX_PICKLE)
    throw new TorchFileError(`its pickle has more than ${MAX_PICKLE} bytes`);
  const wanted = stateDict(parseTorchPickle(await archive.get('data.pkl')), averaged);
  const read = new Map<string, NamedArray>();
  let held: { readonly key: string; readonly view: DataView } | undefined;
  let total = 0;
  // Tensors of one storage one after the other, so that no more than one storage is held.
  const ordered = [...wanted].sort(([, a], [, b]) => (a.storage.key < b.storage.key ? -1 : 1));
  for (const [name, tensor] of ordered) {
    const { key } = tensor.storage;
    if (held?.key !== key) {
      held = { key, view: await readStorage(archive, tensor.storage) };
      // Files of an archive that lie over each other would be another way to ask for any memory.
      total += held.view.byteLength;
      if (total > archive.size) throw new TorchFileError('its files overlap');
    }
    read.set(name, { shape: tensor.shape, data: valuesOf(tensor, held.view) });
  }
  return new Map([...wanted.keys()].map((name) => [name, read.get(name) as NamedArray]));
}

/**
 * Reads the weights of a file that `torch.save` wrote (`.pth`, `.pt`, `.bin`: a zip archive, since
 * PyTorch 1.6); every type becomes float32. Tensors only: nothing in the file is executed.
 * @param averaged the averages of the weights, where a checkpoint has them (`model_ema`); default the weights
 * @throws TorchFileError naming the file and what is wrong with it
 */
export async function readTorchFile(path: string, averaged = false): Promise<TensorFile> {
  const file = await open(path, 'r');
  try {
    return { tensors: await readTensors(await Archive.read(file), averaged), metadata: {} };
  } catch (cause) {
    throw new TorchFileError(
      `${path} cannot be read as PyTorch weights: ${(cause as Error).message}`,
      { cause },
    );
  } finally {
    await file.close();
  }
}
