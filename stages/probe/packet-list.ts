/** What the packets of one picture stream say, all times in ticks of its time base. */
export interface PacketTable {
  /** Seconds a tick. */
  readonly tick: number;
  /** Presentation times of the frames, ascending and distinct. */
  readonly times: Float64Array;
  /** Presentation times of the keyframes, ascending and distinct. */
  readonly keyframes: Float64Array;
  /** End of the last packet's display. */
  readonly end: number;
}

const DISCARD = 4;
const KEY = 1;

/** Beyond this a time is no time: ffmpeg writes "none" as the smallest 64-bit integer. */
function isTime(ticks: number): boolean {
  return Number.isSafeInteger(ticks);
}

/** A list of numbers in 8 to 16 bytes each: a small file can have millions of packets. */
class Numbers {
  #values = new Float64Array(256);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  ascending(): Float64Array {
    const sorted = this.#values.slice(0, this.#length).sort();
    return sorted.filter((value, i) => value !== sorted[i - 1]);
  }
}

/**
 * Reads what ffmpeg's `framecrc` format says of one stream, in chunks cut anywhere:
 * `#tb 0: 1/15360`, then a packet a line: `stream, dts, pts, duration, size, checksum[, F=flags]`.
 */
export class PacketReader {
  #rest = '';
  #tick = 0;
  readonly #times = new Numbers();
  /** The last reference frame, as long as nobody has said when it is shown. */
  #waiting: { flags: number; duration: number; otherwise: number } | null = null;
  readonly #keyframes = new Numbers();
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
    const decoded = Number(fields[1]);
    const shown = Number(fields[2]);
    // No flags are written for what is a keyframe and nothing else.
    const flags = Number(/F=(0x[0-9A-F]+)/.exec(line)?.[1] ?? KEY);
    // An edit list can hide packets: they are decoded but never shown. Others depend on them.
    if ((flags & DISCARD) !== 0) {
      if ((flags & KEY) !== 0 && isTime(shown)) this.#keyframes.push(shown);
      return;
    }
    const duration = Math.max(0, Number(fields[3]) || 0);
    const isReference = shown !== decoded;
    if (isReference) this.#settle(decoded);
    if (isTime(shown)) this.#add(shown, flags, duration);
    else this.#waiting = { flags, duration, otherwise: decoded + duration };
  }

  /**
   * Some containers do not tell when reference frames are shown, of all (AVI with B-frames) or of
   * some (MPEG-PS). A reference frame is shown when the next one is decoded.
   */
  #settle(time: number | null): void {
    const packet = this.#waiting;
    if (packet !== null) this.#add(time ?? packet.otherwise, packet.flags, packet.duration);
    this.#waiting = null;
  }

  #add(time: number, flags: number, duration: number): void {
    if (!isTime(time)) return;
    this.#times.push(time);
    if ((flags & KEY) !== 0) this.#keyframes.push(time);
    this.#end = Math.max(this.#end, time + duration);
  }

  end(): PacketTable {
    this.#settle(null);
    return {
      tick: this.#tick,
      times: this.#times.ascending(),
      keyframes: this.#keyframes.ascending(),
      end: this.#end,
    };
  }
}
