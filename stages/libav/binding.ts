import { createRequire } from 'node:module';

/** What we use of node-av's native binding: libav's own functions and structures, one to one. */
export interface Libav {
  readonly Packet: new () => Packet;
  readonly Frame: new () => Frame;
  readonly FormatContext: new () => FormatContext;
  readonly CodecContext: new () => CodecContext;
  readonly Dictionary: new () => Dictionary;
  readonly FilterGraph: new () => FilterGraph;
  readonly FilterInOut: new () => FilterInOut;
  readonly Filter: { getByName(name: string): object | null };
  readonly Codec: { findDecoder(id: number): object | null };
  readonly Option: { setInt(on: object, name: string, value: number, flags: number): number };
  readonly Log: { setLevel(level: number): void };
  getFFmpegInfo(): { readonly version: string };
  avImageCopyToBuffer(
    ...args: [
      ...[to: Buffer, size: number, data: readonly Buffer[], lineSizes: readonly number[]],
      ...[pixelFormat: number, width: number, height: number, align: number],
    ]
  ): number;
  avRescaleDelta(
    ...args: [
      ...[inBase: Rational, time: bigint, sampleBase: Rational, samples: number],
      ...[last: { value: bigint }, outBase: Rational],
    ]
  ): bigint;
}

export interface Rational {
  readonly num: number;
  readonly den: number;
}

export interface Packet {
  alloc(): void;
  free(): void;
  unref(): void;
  readonly streamIndex: number;
  readonly pts: bigint;
  readonly dts: bigint;
  readonly duration: bigint;
  readonly flags: number;
}

export interface Frame {
  alloc(): void;
  free(): void;
  unref(): void;
  pts: bigint;
  readonly bestEffortTimestamp: bigint;
  readonly flags: number;
  readonly decodeErrorFlags: number;
  readonly format: number;
  readonly width: number;
  readonly height: number;
  readonly sampleAspectRatio: Rational;
  readonly colorSpace: number;
  readonly colorRange: number;
  readonly nbSamples: number;
  readonly sampleRate: number;
  readonly channelLayout: { readonly nbChannels: number; readonly mask: bigint };
  readonly data: readonly Buffer[] | null;
  readonly linesize: readonly number[];
}

export interface CodecParameters {
  readonly codecType: number;
  readonly codecId: number;
  readonly colorTrc: number;
  getCodedSideData(type: number): Buffer | null;
  toJSON(): { readonly fieldOrder?: number };
}

export interface Stream {
  readonly index: number;
  readonly timeBase: Rational;
  readonly disposition: number;
  readonly codecpar: CodecParameters;
  discard: number;
}

export interface FormatContext {
  allocContext(): void;
  openInputSync(url: string, format: null, options: Dictionary): number;
  findStreamInfoSync(options: null): number;
  findBestStream(...args: [type: number, wanted: number, related: number, codec: false, flags: number]): number; // prettier-ignore
  readFrameSync(packet: Packet): number;
  seekFrameSync(stream: number, time: bigint, flags: number): number;
  closeInputSync(): void;
  readonly streams: readonly Stream[];
  readonly iformat: { readonly name: string } | null;
}

export interface CodecContext {
  allocContext3(codec: object): void;
  parametersToContext(parameters: CodecParameters): number;
  open2Sync(codec: object, options: null): number;
  sendPacketSync(packet: Packet | null): number;
  receiveFrameSync(frame: Frame): number;
  freeContext(): void;
  threadCount: number;
  pktTimebase: Rational;
}

export interface Dictionary {
  set(name: string, value: string, flags: number): number;
  free(): void;
}

export interface FilterContext {
  buffersrcAddFrameSync(frame: Frame | null, flags: number): number;
  buffersinkGetFrameSync(frame: Frame): number;
}

export interface FilterInOut {
  alloc(): void;
  name: string;
  filterCtx: FilterContext;
  padIdx: number;
}

export interface FilterGraph {
  alloc(): void;
  free(): void;
  nbThreads: number;
  createFilter(filter: object, name: string, args: string | null): FilterContext | null;
  parsePtr(filters: string, inputs: FilterInOut, outputs: FilterInOut): number;
  configSync(): number;
}

/** libav's constants, as far as we use them. */
export const AV = {
  noTime: -(2n ** 63n),
  endOfFile: -541478725,
  video: 0,
  audio: 1,
  seekBackward: 1,
  logError: 16,
  rgb24: 2,
  smpte2084: 16,
  aribStdB67: 18,
  displayMatrix: 5,
  attachedPicture: 0x400,
  /** Orders of fields: 0 is unknown, 1 is none at all. */
  progressive: 1,
  discardNone: 0,
  discardNonReference: 8,
  discardAll: 48,
  frameCorrupt: 1,
  frameInterlaced: 8,
} as const;

/** Whether it asks for output to be fetched first; the number of EAGAIN is the system's. */
export const isAgain = (result: number): boolean => result === -11 || result === -35;

/** Loads a binding into this process. @throws Error of the system's loader */
export function loadLibav(file: string): Libav {
  return createRequire(import.meta.url)(file) as Libav;
}
