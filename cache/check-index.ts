import type { CacheReader } from './reader.js';

/** @throws RangeError when there is no such sample */
export function checkIndex(reader: CacheReader, index: number): void {
  if (index >= reader.size)
    throw new RangeError(
      reader.size === 0
        ? 'the cache holds no samples yet'
        : `there is no sample ${index}: the cache holds samples 0 to ${reader.size - 1}`,
    );
}
