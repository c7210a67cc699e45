import { Parser } from 'pickleparser';

/** A file that PyTorch did not write, or in a form that is not read here. */
export class TorchFileError extends Error {
  override name = 'TorchFileError';
}

/** Values that lie in a file of their own inside the archive. */
export interface TorchStorage {
  readonly kind: 'storage';
  /** Name of the file: `data/KEY`. */
  readonly key: string;
  /** As safetensors calls the type: F32, F16, … */
  readonly dtype: string;
  readonly values: number;
}

/** A tensor: a view of a storage. */
export interface TorchTensor {
  readonly kind: 'tensor';
  readonly storage: TorchStorage;
  /** In values, like the strides. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const STORAGES: Readonly<Record<string, string>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0; // prettier-ignore
const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount); // prettier-ignore

function isStorage(value: unknown): value is TorchStorage {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'storage';
}

export function isTensor(value: unknown): value is TorchTensor {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensor';
}

function rebuildTensor(storage: unknown, offset: unknown, shape: unknown, strides: unknown) {
  if (!isStorage(storage) || !isCount(offset) || !isCounts(shape) || !isCounts(strides))
    throw new TorchFileError('a tensor in it is not described as PyTorch does');
  const last = shape.reduce((at, size, i) => at + (size - 1) * (strides[i] ?? 0), offset);
  const values = shape.reduce((product, n) => product * n, 1);
  // A view that repeats its values would let a small file ask for any amount of memory.
  if (
    shape.length !== strides.length ||
    values > storage.values ||
    (values > 0 && last >= storage.values)
  )
    // prettier-ignore
    throw new TorchFileError(`a tensor of ${shape.join('×')} does not lie inside its storage`);
  return { kind: 'tensor', storage, offset, shape, strides } satisfies TorchTensor;
}

/** Stands for everything that is no tensor: made from any arguments, does nothing, holds what it is given. */
function inert() {
  return function Inert(): object {
    return {};
  };
}

/** All that a pickle can name here. Nothing else exists for it: whatever it asks for is inert. */
function resolve(module: string, name: string) {
  const full = `${module}.${name}`;
  if (full === 'collections.OrderedDict') return (): Map<unknown, unknown> => new Map();
  if (full === 'torch._utils._rebuild_tensor_v2' || full === 'torch._utils._rebuild_tensor')
    return rebuildTensor;
  if (full === 'torch._utils._rebuild_parameter') return (tensor: unknown): unknown => tensor;
  const dtype = module === 'torch' ? STORAGES[name] : undefined;
  return dtype === undefined ? inert() : Object.assign(inert(), { dtype });
}

/** `('storage', type, key, device, values)` → the storage. */
function resolvePersistent(id: unknown): TorchStorage {
  const [tag, type, key, , values] = Array.isArray(id) ? (id as unknown[]) : [];
  const dtype =
    typeof type === 'function' && 'dtype' in type && typeof type.dtype === 'string'
      ? type.dtype
      : undefined;
  if (tag !== 'storage' || typeof key !== 'string' || !isCount(values))
    throw new TorchFileError('it refers to values in a way that PyTorch does not');
  if (dtype === undefined)
    throw new TorchFileError(
      `storage ${key} has a type that is not read; convert the file to float32`,
    );
  return { kind: 'storage', key, dtype, values };
}

/**
 * Reads the pickle of a PyTorch file: dictionaries become maps, tensors {@link TorchTensor}s, all else
 * is inert. No code of the file runs: the names that it can call are the few above, which only build
 * these values.
 * @throws TorchFileError when it is no such pickle
 */
export function parseTorchPickle(bytes: Uint8Array): unknown {
  const parser = new Parser({
    nameResolver: { resolve },
    persistentResolver: { resolve: resolvePersistent },
    unpicklingTypeOfDictionary: 'Map',
  });
  try {
    return parser.parse(bytes);
  } catch (cause) {
    if (cause instanceof TorchFileError) throw cause;
    throw new TorchFileError(`its pickle cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Where checkpoints keep their weights, in the order in which they are looked for. */
const PLACES = ['model', 'module', 'state_dict', 'model_state_dict'];
/** Where they keep averages of them: VideoMAE's code, and timm's. */
const AVERAGES = ['model_ema', 'state_dict_ema'];

/**
 * The tensors of a checkpoint by their names: those of the model, where optimiser and others are
 * beside it.
 * @param averaged the averages of its weights instead
 * @throws TorchFileError when there are none
 */
export function stateDict(root: unknown, averaged = false): Map<string, TorchTensor> {
  const tensorsOf = (value: unknown) =>
    new Map(
      value instanceof Map
        ? [...(value as Map<unknown, unknown>)].flatMap(([name, item]) =>
            isTensor(item) ? [[String(name), item] as const] : [],
          )
        : [],
    );
  const places = averaged ? AVERAGES : PLACES;
  const inside = places.map((place) => (root instanceof Map ? tensorsOf(root.get(place)) : new Map<string, TorchTensor>())); // prettier-ignore
  const found = inside.find((tensors) => tensors.size > 0) ?? (averaged ? new Map<string, TorchTensor>() : tensorsOf(root)); // prettier-ignore
  if (found.size === 0)
    throw new TorchFileError(
      averaged
        ? `it has no averages of its weights under ${places.join(' or ')}; leave --ema out`
        : `there are no tensors in it, nor under ${places.join(', ')}`,
    );
  return found;
}
