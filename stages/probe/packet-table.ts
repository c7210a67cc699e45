import { nominalInterval } from '../sample/frame-times.js';

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

/** libav's flags of a packet. */
export const DISCARD = 4;
export const KEY = 1;

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

/** Packets of one picture stream in the order of the file, to the times of its frames. */
export class PacketTableBuilder {
  readonly #times = new Numbers();
  /** The last reference frame, as long as nobody has said when it is shown. */
  #waiting: { flags: number; duration: number; otherwise: number } | null = null;
  readonly #keyframes = new Numbers();
  #end = -Infinity;

  /** All times in ticks; what is no safe integer is no time. @param flags those of libav's packets */
  packet(decoded: number, shown: number, duration: number, flags: number): void {
    // An edit list can hide packets: they are decoded but never shown. Others depend on them.
    if ((flags & DISCARD) !== 0) {
      if ((flags & KEY) !== 0 && isTime(shown)) this.#keyframes.push(shown);
      return;
    }
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

  /** @param tick seconds */
  end(tick: number): PacketTable {
    this.#settle(null);
    return {
      tick,
      times: this.#times.ascending(),
      keyframes: this.#keyframes.ascending(),
      end: this.#end,
    };
  }
}

/** Assumed where one single frame leaves no step to measure. */
const LONE_FRAME_INTERVAL = 1 / 25;

/** The time line of the frames of a table that can be decoded, in seconds, with the times of its keyframes. */
export function timeLineOf({ times, keyframes, tick, end }: PacketTable) {
  const seconds = (ticks: Float64Array) => ticks.map((value) => value * tick);
  // What lies in front of the first keyframe cannot be decoded.
  const [firstKey = -Infinity] = keyframes;
  const shown = seconds(times.filter((time) => time >= firstKey));
  const interval = nominalInterval(shown, LONE_FRAME_INTERVAL);
  const last = shown.at(-1) ?? 0;
  return {
    times: shown,
    keyframes: seconds(keyframes),
    tick,
    interval,
    end: end * tick > last ? end * tick : last + interval,
  };
}
