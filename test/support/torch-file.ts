import { writeFile } from 'node:fs/promises';
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js';
import type { NamedArray } from '../../model/weights/safetensors.js';

/** Opcodes of pickle, protocol 2. */
const op = (code: string) => Buffer.from(code, 'latin1');
const text = (value: string) => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([op('X'), length, bytes]);
};
const integer = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return Buffer.concat([op('J'), bytes]);
};
const tuple = (...items: Buffer[]) => Buffer.concat([op('('), ...items, op('t')]);
const named = (module: string, name: string) => op(`c${module}\n${name}\n`);

/** A tensor as `torch.save` pickles it: a view of a storage, which is a file of its own. */
function tensor({ shape, data }: NamedArray, key: number): Buffer {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const storage = Buffer.concat([
    tuple(text('storage'), named('torch', 'FloatStorage'), text(String(key)), text('cpu'), integer(data.length)), // prettier-ignore
    op('Q'),
  ]);
  const hooks = Buffer.concat([named('collections', 'OrderedDict'), op(')R')]);
  const args = tuple(storage, integer(0), tuple(...shape.map(integer)), tuple(...strides.map(integer)), op('\x89'), hooks); // prettier-ignore
  return Buffer.concat([named('torch._utils', '_rebuild_tensor_v2'), args, op('R')]);
}

/** Writes `{"model": {name: tensor, …}}` as PyTorch's `torch.save` does: VideoMAE's checkpoints are such files. */
export async function writeTorchFile(
  path: string,
  tensors: ReadonlyMap<string, NamedArray>,
): Promise<void> {
  const all = [...tensors];
  const state = all.flatMap(([name, array], key) => [text(name), tensor(array, key)]);
  const pickle = Buffer.concat([op('\x80\x02}'), text('model'), op('}('), ...state, op('us.')]);
  const zip = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, level: 0 });
  const add = (name: string, bytes: Uint8Array) => zip.add(`archive/${name}`, new Uint8ArrayReader(bytes)); // prettier-ignore
  await add('data.pkl', pickle);
  for (const [key, [, { data }]] of all.entries())
    await add(`data/${key}`, new Uint8Array(Float32Array.from(data).buffer));
  await add('version', op('3\n'));
  await writeFile(path, await zip.close());
}
