/** What the packets of one picture stream say, all times in ticks of its time base. */
export interface PacketTable {
  /** Seconds a tick. */
  readonly tick: number;
  /** Presentation times of the frames, ascending and distinct. */
  readonly times: readonly number[];
  /** Presentation times of the keyframes, ascending. */
  readonly keyframes: readonly number[];
  /** End of the last packet's display. */
  readonly end: number;
}

const DISCARD = 4;
const KEY = 1;

/** Beyond this a time is no time: ffmpeg writes "none" as the smallest 64-bit integer. */
function isTime(ticks: number): boolean {
  return Number.isSafeInteger(ticks);
}

/**
 * Reads what ffmpeg's `framecrc` format says of one stream, in chunks cut anywhere:
 * `#tb 0: 1/15360`, then a packet a line: `stream, dts, pts, duration, size, checksum[, F=flags]`.
 */
export class PacketReader {
  #rest = '';
  #tick = 0;
  readonly #times: number[] = [];
  readonly #keyframes: number[] = [];
  #end = -Infinity;

  write(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line.startsWith('#')) {
      const base = /^#tb 0: (\d+)\/(\d+)/.exec(line);
      if (base !== null) this.#tick = Number(base[1]) / Number(base[2]);
      return;
    }
    const fields = line.split(',');
    // AVI with B-frames has decoding times alone: the same set of instants, in another order.
    const time = [fields[2], fields[1]].map(Number).find(isTime);
    if (time === undefined) return;
    // No flags are written for what is a keyframe and nothing else.
    const flags = Number(/F=(0x[0-9A-F]+)/.exec(line)?.[1] ?? KEY);
    // An edit list can hide packets: they are decoded but never shown.
    if ((flags & DISCARD) !== 0) return;
    this.#times.push(time);
    if ((flags & KEY) !== 0) this.#keyframes.push(time);
    this.#end = Math.max(this.#end, time + Math.max(0, Number(fields[3]) || 0));
  }

  end(): PacketTable {
    const ascending = (values: readonly number[]) =>
      Array.from(Float64Array.from(values).sort()).filter((value, i, all) => value !== all[i - 1]);
    return {
      tick: this.#tick,
      times: ascending(this.#times),
      keyframes: ascending(this.#keyframes),
      end: this.#end,
    };
  }
}
