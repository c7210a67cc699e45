import { AV, isAgain, type Frame, type Libav } from '../binding.js';
import type { PictureOrder } from '../messages.js';
import { FilterChain } from './filter-chain.js';
import type { MediaFile } from './media-file.js';
import { checked, Refusal } from './refusal.js';

/** Frames that came out, in memory that the next call uses again. */
export interface Pictures {
  /** uint8 `[times, height, width, 3]`. */
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
  /** Seconds. */
  readonly times: readonly number[];
}

/** Chains of filters that are kept: most videos of a data set have one of a few forms. */
const MAX_CHAINS = 4;

/** How a picture is stored, as the options of the filter that pictures come in by. */
function formOf(frame: Frame): string {
  const { width, height, format, sampleAspectRatio: sar, colorSpace, colorRange } = frame;
  return (
    `video_size=${width}x${height}:pix_fmt=${format}:time_base=1/1000:` +
    `pixel_aspect=${sar.num}/${Math.max(1, sar.den)}:colorspace=${colorSpace}:range=${colorRange}`
  );
}

/** Decodes exactly the frames at certain times. */
export class PictureDecoder {
  #pixels = Buffer.alloc(0);
  /** By form and filters, the one that was used last at the end. */
  readonly #chains = new Map<string, FilterChain>();
  readonly #frame: Frame;

  constructor(private readonly libav: Libav) {
    this.#frame = new libav.Frame();
    this.#frame.alloc();
  }

  #chain(form: string, filters: string): FilterChain {
    const key = `${form} ${filters}`;
    const chain = this.#chains.get(key) ?? new FilterChain(this.libav, 'buffer', form, filters);
    this.#chains.delete(key);
    this.#chains.set(key, chain);
    for (const [oldest, unused] of this.#chains) {
      if (this.#chains.size <= MAX_CHAINS) break;
      unused.free();
      this.#chains.delete(oldest);
    }
    return chain;
  }

  /** @throws Refusal where a frame is missing, damaged or out of the ordinary */
  decode(
    file: MediaFile,
    { stream, tick, enter, times, filters, allTimed, maxFrameBytes }: PictureOrder,
  ): Pictures {
    file.seek(stream, enter);
    const decoder = file.decoder(stream);
    const frame = this.#frame;
    const half = tick / 2;
    const shown: number[] = [];
    let form: string | null = null;
    let size = { height: 0, width: 0 };

    const copy = (out: Frame) => {
      const { width, height, data, linesize } = out;
      const bytes = width * height * 3;
      if (data === null || bytes > maxFrameBytes) throw new Refusal('frames of an odd size');
      if (shown.length === 0) {
        size = { height, width };
        const total = bytes * times.length;
        if (this.#pixels.length < total) this.#pixels = Buffer.allocUnsafeSlow(total);
      }
      const part = this.#pixels.subarray(shown.length * bytes, (shown.length + 1) * bytes);
      checked(this.libav.avImageCopyToBuffer(part, bytes, data, linesize, AV.rgb24, width, height, 1), 'copying'); // prettier-ignore
    };
    const take = () => {
      const time = Number(frame.bestEffortTimestamp) * tick;
      const wanted = times[shown.length];
      // Some files have two frames at one time; the first is the one.
      if (wanted === undefined || time < wanted - half) return;
      if (time > wanted + half)
        throw new Refusal('a frame that the index promised does not come out');
      if ((frame.flags & AV.frameInterlaced) !== 0) throw new Refusal('interlaced');
      if ((frame.flags & AV.frameCorrupt) !== 0 || frame.decodeErrorFlags !== 0)
        throw new Refusal('a damaged frame');
      const own = formOf(frame);
      if ((form ??= own) !== own) throw new Refusal('the form of the picture changes');
      this.#chain(own, filters).push(frame, copy);
      shown.push(time);
    };
    const receive = () => {
      for (;;) {
        const result = decoder.receiveFrameSync(frame);
        if (isAgain(result) || result === AV.endOfFile) return;
        checked(result, 'decoding');
        take();
        frame.unref();
      }
    };
    let skipping = false;
    try {
      file.packets(stream, (packet) => {
        // A frame that nothing depends on need not be decoded, if it is not asked for.
        if (allTimed) {
          const time = Number(packet.pts) * tick;
          const skip = !times.some((wanted) => Math.abs(wanted - time) <= half);
          if (skip !== skipping) {
            const discard = skip ? AV.discardNonReference : AV.discardNone;
            checked(this.libav.Option.setInt(decoder, 'skip_frame', discard, 0), 'skipping frames');
            skipping = skip;
          }
        }
        // Old decoders tell of damage in what they return, and nowhere else.
        checked(decoder.sendPacketSync(packet), 'decoding');
        receive();
        return shown.length < times.length;
      });
      if (shown.length < times.length) {
        decoder.sendPacketSync(null);
        receive();
      }
    } finally {
      frame.unref();
      decoder.freeContext();
    }
    if (shown.length < times.length) throw new Refusal('a frame that the index promised does not come out'); // prettier-ignore
    const pixels = this.#pixels.subarray(0, times.length * size.height * size.width * 3);
    return { pixels, ...size, times: shown };
  }
}
