/** JSON that is the same, byte for byte, for equal values: keys sorted by code unit, no white space. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(canonical(value, '$'));
}

function canonical(value: unknown, place: string): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    // JSON would turn these into null without a word.
    if (!Number.isFinite(value))
      throw new RangeError(`${place} is ${value}, which JSON cannot hold`);
    return value;
  }
  if (Array.isArray(value)) return value.map((item, i) => canonical(item, `${place}[${i}]`));
  if (typeof value === 'object')
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => [key, canonical(item, `${place}.${key}`)]),
    );
  throw new TypeError(`${place} is a ${typeof value}, which JSON cannot hold`);
}
