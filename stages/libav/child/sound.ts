import { MARGIN, SpanSamples } from '../../decode/sound-span.js';
import { AV, isAgain, type Frame, type Libav, type Rational } from '../binding.js';
import type { SoundOrder } from '../messages.js';
import { FilterChain } from './filter-chain.js';
import type { MediaFile } from './media-file.js';
import { checked, Refusal } from './refusal.js';

/** Packets of sound are read for so many seconds behind what is needed: they need not lie in order. */
const BEHIND = 0.2;

/** How sound is stored, as the options of the filter that sound comes in by. */
function formOf({ sampleRate, format, channelLayout: { nbChannels, mask } }: Frame): string {
  const layout = mask === 0n ? `channels=${nbChannels}` : `channel_layout=0x${mask.toString(16)}`;
  return `time_base=1/${sampleRate}:sample_rate=${sampleRate}:sample_fmt=${format}:${layout}`;
}

/** Times of a coarse clock made smooth by the samples between them, as ffmpeg's own program makes them. */
class SmoothClock {
  #last = { value: AV.noTime };
  #before: bigint = AV.noTime;

  constructor(
    private readonly libav: Libav,
    private readonly base: Rational,
  ) {}

  /** Behind a gap the clock is read anew; a tick is no gap, but how the container rounds. */
  packet(time: bigint, duration: bigint): void {
    const gap =
      this.#before !== AV.noTime && time !== AV.noTime && time - this.#before > duration + 1n;
    if (duration > 0n && gap) this.#last = { value: AV.noTime };
    this.#before = time;
  }

  /** @returns the frame's time in samples */
  time({ pts, nbSamples, sampleRate }: Frame): bigint {
    if (pts === AV.noTime) return pts;
    const samples = { num: 1, den: sampleRate };
    return this.libav.avRescaleDelta(this.base, pts, samples, nbSamples, this.#last, samples);
  }
}

/**
 * Decodes the sound of a span.
 * @param file just opened, where it is entered at its beginning
 * @returns float32 mono at 16 kHz; null where there is nothing to hear
 * @throws Refusal where it is damaged or out of the ordinary
 */
export function decodeSound(
  file: MediaFile,
  { stream, enter, span, filters }: SoundOrder,
): Float32Array | null {
  const { libav } = file;
  const { timeBase } = file.stream(stream);
  const until = ((span[1] + MARGIN + BEHIND) * timeBase.den) / timeBase.num;
  if (enter !== null) file.seek(stream, enter);
  const decoder = file.decoder(stream);
  const samples = new SpanSamples(span);
  const clock = new SmoothClock(libav, timeBase);
  const frame = new libav.Frame();
  frame.alloc();
  const state: { chain: FilterChain | null; form: string; full: boolean } = { chain: null, form: '', full: false }; // prettier-ignore

  const keep = ({ data, nbSamples }: Frame) => {
    const [plane] = data ?? [];
    if (plane !== undefined) samples.add(plane.subarray(0, 4 * nbSamples));
  };
  const receive = () => {
    while (!state.full) {
      const result = decoder.receiveFrameSync(frame);
      if (isAgain(result) || result === AV.endOfFile) return;
      checked(result, 'decoding its sound');
      const form = formOf(frame);
      if (state.chain === null) {
        state.form = form;
        state.chain = new FilterChain(libav, 'abuffer', form, filters);
      } else if (state.form !== form) throw new Refusal('the form of the sound changes');
      frame.pts = clock.time(frame);
      state.full = !state.chain.push(frame, keep);
      frame.unref();
    }
  };
  try {
    file.packets(stream, (packet) => {
      const { pts, duration } = packet;
      if (pts !== AV.noTime && Number(pts) > until) return false;
      clock.packet(pts, duration);
      checked(decoder.sendPacketSync(packet), 'decoding its sound');
      receive();
      return !state.full;
    });
    if (!state.full) {
      decoder.sendPacketSync(null);
      receive();
    }
    state.chain?.push(null, keep);
  } finally {
    frame.free();
    state.chain?.free();
    decoder.freeContext();
  }
  return samples.result();
}
