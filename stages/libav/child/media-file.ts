import { resolve } from 'node:path';
import { CONTAINERS, MAX_PIXELS } from '../../ffmpeg/containers.js';
import { PacketTableBuilder, timeLineOf } from '../../probe/packet-table.js';
import { AV, type CodecContext, type FormatContext, type Libav, type Packet, type Stream } from '../binding.js'; // prettier-ignore
import type { FileIndex } from '../messages.js';
import { checked, Refusal } from './refusal.js';

/** Only what is ordinary is taken. @throws Refusal saying what is not */
function assertOrdinary(container: string, picture: Stream, sounds: readonly Stream[]): void {
  const { codecpar, disposition } = picture;
  const { fieldOrder = 0 } = codecpar.toJSON();
  const odd: readonly (readonly [boolean, string])[] = [
    [/^(mpegts|mpeg)$/.test(container), `the container is ${container}`],
    [sounds.length > 1, 'several sounds'],
    [(disposition & AV.attachedPicture) !== 0, 'a cover'],
    [codecpar.getCodedSideData(AV.displayMatrix) !== null, 'turned or mirrored'],
    [codecpar.colorTrc === AV.smpte2084 || codecpar.colorTrc === AV.aribStdB67, 'HDR'],
    [fieldOrder > AV.progressive, 'interlaced'],
  ];
  const reason = odd.find(([is]) => is)?.[1];
  if (reason !== undefined) throw new Refusal(reason);
}

/** A file that libav has open. */
export class MediaFile {
  readonly #format: FormatContext;
  readonly #streams: readonly Stream[];
  readonly packet: Packet;

  /** @throws Refusal where libav cannot read it */
  constructor(
    readonly libav: Libav,
    readonly path: string,
  ) {
    const format = (this.#format = new libav.FormatContext());
    format.allocContext();
    const options = new libav.Dictionary();
    options.set('protocol_whitelist', 'file', 0);
    options.set('format_whitelist', CONTAINERS, 0);
    // An absolute path behind `file:` is data, whatever characters it holds.
    checked(format.openInputSync(`file:${resolve(path)}`, null, options), 'opening');
    options.free();
    this.packet = new libav.Packet();
    this.packet.alloc();
    try {
      checked(format.findStreamInfoSync(null), 'looking at its streams');
      this.#streams = format.streams;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  stream(number: number): Stream {
    const stream = this.#streams[number];
    if (stream === undefined) throw new Refusal(`there is no stream ${number}`);
    return stream;
  }

  /** From here on only packets of this stream come. */
  #only(number: number): void {
    for (const stream of this.#streams)
      stream.discard = stream.index === number ? AV.discardNone : AV.discardAll;
  }

  /**
   * Packets of one stream, as they lie in the file.
   * @param onPacket is given {@link packet} for as long as it runs; false: no more
   */
  packets(number: number, onPacket: (packet: Packet) => boolean): void {
    this.#only(number);
    const { packet } = this;
    for (let more = true; more;) {
      const result = this.#format.readFrameSync(packet);
      if (result === AV.endOfFile) return;
      checked(result, 'reading');
      more = packet.streamIndex !== number || onPacket(packet);
      packet.unref();
    }
  }

  /** @param seconds where to go on reading: at the keyframe in front */
  seek(number: number, seconds: number): void {
    const { num, den } = this.stream(number).timeBase;
    this.#only(number);
    const ticks = BigInt(Math.floor((seconds * den) / num + 0.5));
    checked(this.#format.seekFrameSync(number, ticks, AV.seekBackward), 'seeking');
  }

  decoder(number: number): CodecContext {
    const { codecpar, timeBase } = this.stream(number);
    const codec = this.libav.Codec.findDecoder(codecpar.codecId);
    if (codec === null) throw new Refusal('no decoder');
    const context = new this.libav.CodecContext();
    context.allocContext3(codec);
    try {
      checked(context.parametersToContext(codecpar), 'opening its decoder');
      context.threadCount = 1;
      context.pktTimebase = timeBase;
      this.libav.Option.setInt(context, 'max_pixels', MAX_PIXELS, 0);
      checked(context.open2Sync(codec, null), 'opening its decoder');
      return context;
    } catch (error) {
      context.freeContext();
      throw error;
    }
  }

  /** Lists the frames of its best picture stream from its packets. @throws Refusal where it is out of the ordinary */
  index(): FileIndex {
    const container = this.#format.iformat?.name ?? '';
    const number = this.#format.findBestStream(AV.video, -1, -1, false, 0);
    if (number < 0) throw new Refusal('no picture');
    const picture = this.stream(number);
    const sounds = this.#streams.filter(({ codecpar }) => codecpar.codecType === AV.audio);
    assertOrdinary(container, picture, sounds);
    const table = new PacketTableBuilder();
    let allTimed = true;
    this.packets(number, ({ dts, pts, duration, flags }) => {
      allTimed &&= pts !== AV.noTime;
      table.packet(Number(dts), Number(pts), Math.max(0, Number(duration)), flags);
      return true;
    });
    const { num, den } = picture.timeBase;
    const line = timeLineOf(table.end(num / den));
    const last = line.times.at(-1);
    // One frame may be a cover, and none is for others to explain.
    if (last === undefined || line.times.length === 1) throw new Refusal('hardly a frame');
    return {
      ...line,
      // Versions differ in what they say of the last packet: it may last a millisecond, or a frame step.
      end: Math.max(line.end, last + line.interval),
      container,
      picture: number,
      sound: sounds[0]?.index ?? null,
      allTimed,
    };
  }

  close(): void {
    this.packet.free();
    this.#format.closeInputSync();
  }
}
