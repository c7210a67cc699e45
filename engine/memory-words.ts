/**
 * What engines say when something does not fit into memory. WebAssembly's memory ends at 4 GiB, and
 * what its kernels do then depends on which of them asked for it.
 */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [
    /^Aborted\(|memory access out of bounds|Cannot enlarge memory/i,
    'this takes more memory than WebAssembly has, 4 GiB at most',
  ],
  [
    /OOM when allocating|RESOURCE_?EXHAUSTED|VK_ERROR_OUT_OF_DEVICE_MEMORY|CUDA_ERROR_OUT_OF_MEMORY/i,
    'this takes more memory than the device has',
  ],
  [
    /maxBufferSize|max(?:imum)? buffer size|maxStorageBufferBindingSize/i,
    'a tensor is larger than this GPU takes through WebGPU',
  ],
  [
    /Array buffer allocation failed|Invalid (?:typed )?array length|Cannot allocate memory|std::bad_alloc/i,
    'this takes more memory than this machine has left',
  ],
];

/** Says that what was asked for does not fit into memory; undefined for any other error. */
export function memoryWords(error: unknown): string | undefined {
  const text = error instanceof Error ? error.message : String(error);
  return SIGNS.find(([sign]) => sign.test(text))?.[1];
}
