/** Damages files in the ways that transfers, disks and enemies do. */

type Draw = () => number;

const whole = (draw: Draw, below: number) => Math.floor(draw() * below);
/** Sizes and counts that make readers stumble. */
const HUGE = [0n, 1n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x7fffffffffffffffn, 0xffffffffffffffffn]; // prettier-ignore

/** Half of all damage is where the headers are: at the beginning and the end. */
function place(draw: Draw, length: number): number {
  const near = whole(draw, Math.min(length, 2048));
  const kind = draw();
  return kind < 0.35 ? near : kind < 0.5 ? length - 1 - near : whole(draw, length);
}

function block(draw: Draw, file: Buffer): [start: number, end: number] {
  const start = place(draw, file.length);
  return [start, Math.min(file.length, start + 1 + Math.floor(2 ** (draw() * 13)))];
}

const MUTATIONS: Readonly<Record<string, (file: Buffer, draw: Draw, other: Buffer) => Buffer>> = {
  bits: (file, draw) => {
    for (let left = Math.floor(2 ** (draw() * 8)); left >= 0; left--) {
      const at = place(draw, file.length);
      file[at] = (file[at] ?? 0) ^ (1 << whole(draw, 8));
    }
    return file;
  },
  run: (file, draw) => {
    const [start, end] = block(draw, file);
    const value = draw() < 0.5 ? whole(draw, 2) * 255 : null;
    for (let i = start; i < end; i++) file[i] = value ?? whole(draw, 256);
    return file;
  },
  truncate: (file, draw) => file.subarray(0, Math.max(1, place(draw, file.length))),
  duplicate: (file, draw) => {
    const [start, end] = block(draw, file);
    return Buffer.concat([file.subarray(0, end), file.subarray(start)]);
  },
  remove: (file, draw) => {
    const [start, end] = block(draw, file);
    return Buffer.concat([file.subarray(0, start), file.subarray(end)]);
  },
  swap: (file, draw) => {
    const length = Math.max(1, whole(draw, Math.min(4096, file.length >> 1)));
    const [a, b] = [whole(draw, file.length - length), whole(draw, file.length - length)];
    const kept = Buffer.from(file.subarray(a, a + length));
    file.copy(file, a, b, b + length);
    kept.copy(file, b);
    return file;
  },
  huge: (file, draw) => {
    const value = Buffer.alloc(8);
    value.writeBigUInt64BE(HUGE[whole(draw, HUGE.length)] ?? 0n);
    const bytes = value.subarray(draw() < 0.5 ? 4 : 0);
    if (draw() < 0.5) bytes.reverse();
    for (let left = whole(draw, 4); left >= 0; left--) bytes.copy(file, place(draw, file.length));
    return file;
  },
  splice: (file, draw, other) =>
    Buffer.concat([file.subarray(0, place(draw, file.length)), other.subarray(place(draw, other.length))]),
}; // prettier-ignore

/**
 * One to three kinds of damage at once.
 * @param other another file, of whose parts some may get into this one
 * @returns the damaged copy, never empty, and what was done
 */
export function mutate(
  original: Buffer,
  other: Buffer,
  draw: Draw,
): { bytes: Buffer; what: string } {
  const kinds = Object.keys(MUTATIONS);
  const chosen = Array.from({ length: 1 + whole(draw, 3) }, () => kinds[whole(draw, kinds.length)] ?? ''); // prettier-ignore
  let bytes: Buffer = Buffer.from(original);
  for (const kind of chosen) bytes = MUTATIONS[kind]?.(bytes, draw, other) ?? bytes;
  return { bytes: bytes.length > 0 ? bytes : Buffer.of(0), what: chosen.join('+') };
}
